"""Files that others published: safetensors, or checkpoints of torch, which are unpickled elsewhere."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from colorzoo.core.errors import WeightsError, printable
from colorzoo.core.weights import unpickling
from colorzoo.core.weights.pickle_calls import MAX_PICKLE, old_checkpoint_calls, pickle_calls
from colorzoo.core.weights.safetensors_header import MAX_TENSORS, read_header

if TYPE_CHECKING:
    from torch import Tensor

HEAD = 512
ZIP = b"PK\x03\x04"
OTHERS = {
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself; fetch it with `git lfs pull`",
    b"<": "a web page or XML, such as that of an error or a login; download the file again",
    b"\x89HDF": "HDF5, as Keras writes; expected safetensors or a checkpoint of torch",
    b"\x1f\x8b": "packed by gzip; unpack it and give what is in it",
}
"""What files are that are often taken for weights, by how they begin."""
KEPT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "HOME", "LANG", "SYSTEMROOT")
"""Variables of the environment that the reading process gets; no tokens are among them."""


def read_published(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a published file by the names of its own code, without `module.` before them.

    Raises:
        WeightsError: it is absent, damaged, something else, asks for too much, or would call something;
            one line.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load as decode

    try:
        data = _as_safetensors(path)
        read_header(data)
        return without_prefix(decode(data))
    except (OSError, WeightsError, SafetensorError) as error:
        reason = getattr(error, "strerror", None) or error
        raise WeightsError(f"{printable(str(path))}: {printable(str(reason))}") from None


def without_prefix(tensors: Mapping[str, Tensor], prefix: str = "module.") -> dict[str, Tensor]:
    """Return tensors without what DataParallel puts before the names of all of them."""
    named = dict(tensors)
    while named and all(name.startswith(prefix) for name in named):
        named = {name.removeprefix(prefix): tensor for name, tensor in named.items()}
    return named


def _as_safetensors(path: Path) -> bytes:
    """Return a file as safetensors, of a checkpoint what another process made of it."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    for start, meaning in OTHERS.items():
        if head.lstrip().lower().startswith(start.lower()):
            raise WeightsError(f"is {meaning}")
    if head[257:262] == b"ustar":
        raise WeightsError("is a tar archive, as torch wrote before 0.1.10, or a packed folder; unpack it")
    if head[8:9] == b"{" and not head.startswith(ZIP):
        return path.read_bytes()
    _refuse_calls(_calls(path, head))
    return _unpickled(path)


def _calls(path: Path, head: bytes) -> list[str]:
    """Return what reading a checkpoint would call, besides what tensors are made of."""
    if head.startswith(ZIP):
        return [call for data in _pickles(path) for call in pickle_calls(data)]
    with path.open("rb") as file:
        data = file.read(MAX_PICKLE)
    try:
        return old_checkpoint_calls(data)
    except WeightsError:
        if head.startswith(b"\x80"):
            raise
        begins = f"; it begins with {printable(repr(head[:40].decode(errors='replace')), 60)}"
        raise WeightsError(
            f"is neither safetensors nor a checkpoint of torch{begins if head else ', but empty'}"
        ) from None


def _refuse_calls(calls: list[str]) -> None:
    if calls:
        named = [printable(call, 60) for call in dict.fromkeys(calls)]
        more = f" and {len(named) - 4} more" if len(named) > 4 else ""
        raise WeightsError(
            f"would call {', '.join(named[:4])}{more} when it is read, so it is not; ask for a file of "
            "tensors alone, such as safetensors"
        )


def _pickles(path: Path) -> Iterator[bytes]:
    """Yield the pickles of a checkpoint, a zip archive whose directory is checked first."""
    size = path.stat().st_size
    try:
        with ZipFile(path) as archive:
            entries = archive.infolist()
            _check_archive(entries, size)
            for entry in entries:
                if entry.filename.endswith(".pkl"):
                    yield archive.read(entry)
    except (BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
        raise WeightsError(f"is a damaged or truncated zip archive ({error})") from None


def _check_archive(entries: list[ZipInfo], size: int) -> None:
    """Check that an archive is one that torch.save writes: nothing packed, nothing larger than the file."""
    names = [entry.filename for entry in entries]
    total = sum(entry.file_size for entry in entries)
    if len(entries) > MAX_TENSORS or len(set(names)) < len(names):
        raise WeightsError(f"is an archive of {len(entries):,} files, or of several with one name")
    if total > size:
        raise WeightsError(f"claims {total:,} bytes, the file has {size:,}")
    if any(
        entry.compress_type != ZIP_STORED or entry.file_size != entry.compress_size for entry in entries
    ):
        raise WeightsError("is a packed zip archive; torch.save packs nothing")
    if any(name.endswith("constants.pkl") or "/code/" in name for name in names):
        raise WeightsError("is a TorchScript program; expected a state dict, tensors by name")
    if not any(name.endswith("/data.pkl") or name == "data.pkl" for name in names):
        raise WeightsError("is a zip archive without data.pkl, so no checkpoint of torch")
    if any(entry.filename.endswith(".pkl") and entry.file_size > MAX_PICKLE for entry in entries):
        raise WeightsError(f"has a pickle of more than {MAX_PICKLE:,} bytes")


def _unpickled(path: Path) -> bytes:
    """Return a checkpoint as safetensors: the reading process writes to a file that has no name."""
    command = [sys.executable, "-P", "-B", "-m", unpickling.__name__, str(path.resolve())]
    env = {name: os.environ[name] for name in KEPT if name in os.environ} | {"OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryFile() as out:
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE, env=env,
                timeout=unpickling.seconds_for(path.stat().st_size), check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise WeightsError("takes longer to read than a file of its size can need") from None
        if done.returncode:
            raise WeightsError(_reason(done.returncode, done.stderr.decode(errors="replace")))
        out.seek(0)
        return out.read()


def _reason(status: int, said: str) -> str:
    """Return why the reading process ended without tensors."""
    lines = said.splitlines()
    refused = [line for line in lines if line.startswith(unpickling.REFUSED)]
    if refused:
        return refused[0].removeprefix(unpickling.REFUSED)
    if status < 0:
        return f"the process that read it was ended by {signal.Signals(-status).name}, at its limits"
    return f"the process that read it failed ({(lines or ['no reason given'])[-1]})"
