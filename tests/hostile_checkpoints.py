"""Files that are no weights, or more than weights: each with what its one line of refusal says."""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from pathlib import Path

import torch

from colorzoo.core.weights.pickle_calls import TORCH_MAGIC


class Calls:
    """What calls a function when it is unpickled."""

    def __init__(self, function, *arguments) -> None:
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def text(value: str) -> bytes:
    """Return the operation SHORT_BINUNICODE."""
    return b"\x8c" + bytes([len(value)]) + value.encode()


def checkpoint(pickled: bytes, **others: bytes) -> bytes:
    """Return a zip archive as torch.save lays it out."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in {
            "data.pkl": pickled,
            "byteorder": b"little",
            "version": b"3\n",
            **others,
        }.items():
            archive.writestr(f"archive/{name}", data)
    return out.getvalue()


def saved(value: object, **how: object) -> bytes:
    """Return what torch.save writes."""
    out = io.BytesIO()
    torch.save(value, out, **how)
    return out.getvalue()


def old(value: object) -> bytes:
    """Return what torch.save wrote before version 1.6."""
    return saved(value, _use_new_zipfile_serialization=False)


def claiming(data: bytes, size: int) -> bytes:
    """Return a zip archive whose directory claims a size for its first file."""
    start = data.index(b"PK\x01\x02")
    return data[: start + 20] + 2 * size.to_bytes(4, "little") + data[start + 28 :]


def packed(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", data)
    return out.getvalue()


def calling(target: Path) -> dict[str, tuple[bytes, str]]:
    """Return files that would create a file when they are unpickled, and what each would call."""
    command = f"touch {target}"
    system, evaluate = Calls(os.system, command), Calls(eval, f"open({str(target)!r}, 'w')")
    memo = b"\x80\x04" + text("system") + b"\x94" + text("posix") + b"\x940h\x01h\x00\x93"
    return {
        "reduce.pth": (saved({"a": torch.ones(2), "b": system}), "posix.system"),
        "eval-old.pth": (old({"a": evaluate}), "__builtin__.eval"),
        "plain-0.pkl": (pickle.dumps(system, 0), "posix.system"),
        "plain-5.bin": (pickle.dumps({"a": system}, 5), "posix.system"),
        "protocol-5.pth": (saved({"a": evaluate}, pickle_protocol=5), "builtins.eval"),
        "nested.pth": (checkpoint(b"\x80\x02}X\x01\x00\x00\x00a" + pickle.dumps([system], 2)[2:-1] + b"s."), "posix.system"),  # noqa: E501
        "alias.pth": (checkpoint(b"\x80\x02cos\nsystem\n" + pickle.dumps((command,), 2)[2:-1] + b"R."), "os.system"),  # noqa: E501
        "inst.pth": (checkpoint(b"(S'" + command.encode() + b"'\nios\nsystem\n."), "os.system"),
        "obj.pth": (checkpoint(b"(csubprocess\nPopen\nS'id'\no."), "subprocess.Popen"),
        "newobj.pth": (checkpoint(b"\x80\x02csubprocess\nPopen\n]X\x02\x00\x00\x00ida\x85\x81."), "subprocess.Popen"),  # noqa: E501
        "build.pth": (checkpoint(b"\x80\x02cargparse\nNamespace\n)\x81}X\x01\x00\x00\x00aK\x01sb."), "argparse.Namespace"),  # noqa: E501
        "stack-global.pth": (checkpoint(b"\x80\x04" + text("posix") + text("system") + b"\x93" + text(command) + b"\x85R."), "posix.system"),  # noqa: E501
        "memo.pth": (checkpoint(memo + text(command) + b"\x85R."), "posix.system"),
        "getattr.pth": (checkpoint(b"\x80\x02cbuiltins\ngetattr\ncos\nenviron\nX\x06\x00\x00\x00system\x86R."), "builtins.getattr"),  # noqa: E501
        "extension.pth": (checkpoint(b"\x80\x02\x82\x07."), "number 7 of the registry of extensions"),
        "text.pth": (b"cos\nsystem\n(S'" + command.encode() + b"'\ntR.", "os.system"),
        "second-pickle.pth": (checkpoint(pickle_of(saved({"a": torch.ones(2)})), **{"extra.pkl": pickle.dumps(system, 2)}), "posix.system"),  # noqa: E501
        "fifth-pickle.pth": (
            b"".join(pickle.dumps(part, 2) for part in (TORCH_MAGIC, 1001, {}, {}, system)), "posix.system"
        ),
        "then-damaged.pth": (checkpoint(pickle.dumps(system, 2)[:-1] + b"\xff"), "posix.system"),
        "module.pth": (saved(torch.nn.Linear(2, 2)), "torch.nn.modules.linear.Linear"),
    }  # fmt: skip


def pickle_of(data: bytes) -> bytes:
    """Return the pickle of a checkpoint that torch.save wrote."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return next(archive.read(name) for name in archive.namelist() if name.endswith("/data.pkl"))


def with_numbers(data: bytes, number: int, other: int) -> bytes:
    """Return an old checkpoint that says another number wherever it says this one, below 256."""
    small, large = b"K" + bytes([number]), b"J" + other.to_bytes(4, "little")
    return data.replace(small, large)


def hidden(target: Path) -> bytes:
    """Return a checkpoint whose STACK_GLOBAL has a harmless name before it, which it does not take."""
    pickled = (
        b"\x80\x04" + text("posix") + text("system") + text("collections") + text("OrderedDict") + b"00"
    )
    return checkpoint(pickled + b"\x93" + text(f"touch {target}") + b"\x85R.")


def damaged() -> dict[str, tuple[bytes, str]]:
    """Return files that are no weights, and what is said of each before anything reads them."""
    good = saved({"a": torch.ones(64)})
    header = json.dumps(
        {"a": {"dtype": "F32", "shape": [5_000_000_000], "data_offsets": [0, 20_000_000_000]}}
    )
    return {
        "empty.pth": (b"", "neither safetensors nor a checkpoint of torch, but empty"),
        "text.txt": (b"hello there", "it begins with 'hello there'"),
        "page.pth": (b"\n<!DOCTYPE html><title>404</title>", "a web page or XML"),
        "pointer.pth": (b"version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 9\n", "git lfs pull"),  # noqa: E501
        "keras.h5": (b"\x89HDF\r\n\x1a\n", "HDF5"),
        "gzip.pth": (b"\x1f\x8b\x08\x00", "packed by gzip"),
        "tar.tar": (b"x".ljust(257, b"\0") + b"ustar".ljust(255, b"\0"), "a tar archive"),
        "truncated.pth": (good[:-200], "damaged or truncated zip archive"),
        "truncated-old.pth": (old({"a": torch.ones(64)})[:100], "its pickle is damaged"),
        "flipped.pth": (good.replace(b"FloatStorage", b"FloatStorbge"), "damaged or truncated zip archive"),
        "lying.pth": (claiming(good, 4_000_000_000), "claims 4,000,"),
        "bomb.pth": (packed(bytes(100_000_000)), "claims 100,000,000 bytes"),
        "packed.pth": (packed(os.urandom(2000)), "a packed zip archive"),
        "zip.pth": (checkpoint(b"").replace(b"data.pkl", b"data.txt"), "without data.pkl"),
        "script.pt": (checkpoint(b"\x80\x02}.", **{"constants.pkl": b"\x80\x02)."}), "TorchScript"),
        "other.pkl": (pickle.dumps({"a": [1, 2]}, 2), "none that torch.save wrote"),
        "endless.pkl": (b"\x80\x02" + b"N" * 17_000_000, "more than 1,000,000 operations"),
        "lying.safetensors": (len(header).to_bytes(8, "little") + header.encode(), "end with the file"),
        "cut.safetensors": ((10**9).to_bytes(8, "little") + b'{"a"', "claims a header of 1,000,000,000"),
    }  # fmt: skip
