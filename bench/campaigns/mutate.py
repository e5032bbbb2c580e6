"""How files are damaged: bytes, JSON, and the headers that decoders believe."""

from __future__ import annotations

import io
import json
import random
import struct
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from PIL import Image, ImageCms

OURS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F")
BOUNDS = (0, 1, 2, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
WILD = (
    "null", "true", "[]", "{}", '""', "0", "-1", "0.5", "1e308", "1e999", "-1e999", "NaN", "Infinity",
    "9" * 5000, str(2**63), str(2**64), str(2**256), '"\\ud800"', '"\\u0000"', '"a\\u001b[31mb"',
    '"x\\ncolorzoo: error: all is well"', '"../../victim.jpg"', '"/etc/passwd"', '"..\\\\..\\\\x"',
    '"\\u202egpj.exe"', '"' + "x" * 100_000 + '"', "[" * 200_000, '{"a":' * 50_000,
    "[" * 300 + "]" * 300, '{"a": {"b": [1, 2]}}', "[1, 2, 3]", '[["a", 1]]', '"evil; rm -rf x"',
)  # fmt: skip
"""Values that a careless reader of JSON takes for what it expected."""
PLACE = "@@the place@@"


def clouds(seed: int, height: int = 24, width: int = 32, channels: int = 3) -> np.ndarray:
    """Return a small coloured picture uint8 (H, W, channels)."""
    few = np.random.default_rng(seed).integers(0, 256, (4, 5, channels), np.uint8)
    shape = (width, height)
    return np.stack([np.asarray(Image.fromarray(few[..., c]).resize(shape)) for c in range(channels)], -1)


def picture_seeds() -> dict[str, bytes]:
    """Return small files of every format and mode that Pillow writes, and with what may come in them."""
    base, seeds = Image.fromarray(clouds(1)), {}
    for mode in MODES:
        image = _in_mode(base, mode)
        for format in sorted({*Image.registered_extensions().values()} - {"PDF"}):
            with suppress(Exception):  # not every format holds every mode
                seeds[f"{format} {mode}"] = encoded(image, format)
    return seeds | _extras(base)


def _in_mode(base: Image.Image, mode: str) -> Image.Image:
    if mode == "I;16":
        return Image.fromarray(np.asarray(base.convert("L")).astype(np.uint16) * 257)
    if mode == "LAB":
        return Image.merge("LAB", base.split())
    return base.convert(mode)


def _extras(base: Image.Image) -> dict[str, bytes]:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    others = [Image.fromarray(clouds(seed)) for seed in (2, 3)]
    seeds = {f"JPEG {name}": encoded(base, "JPEG", **options) for name, options in {
        "progressive": {"progressive": True}, "exif": {"exif": exif}, "profile": {"icc_profile": profile},
        "restart": {"restart_marker_rows": 1}, "small": {"quality": 20, "subsampling": 2},
    }.items()}  # fmt: skip
    for format in ("PNG", "TIFF", "WEBP", "GIF"):
        seeds[f"{format} frames"] = encoded(base, format, save_all=True, append_images=others)
        seeds[f"{format} facts"] = encoded(base, format, exif=exif, icc_profile=profile)
    seeds["PNG transparent"] = encoded(base.convert("P"), "PNG", transparency=3)
    for way in (
        "tiff_lzw",
        "tiff_adobe_deflate",
        "jpeg",
        "packbits",
        "tiff_deflate",
        "raw",
        "zstd",
        "lzma",
    ):
        with suppress(Exception):
            seeds[f"TIFF {way}"] = encoded(base, "TIFF", compression=way)
    seeds["TIFF group4"] = encoded(base.convert("1"), "TIFF", compression="group4")
    seeds["WEBP lossless"] = encoded(base, "WEBP", lossless=True)
    return seeds


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    """Return a picture as a file's bytes."""
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def embedded(plugin: str) -> dict[str, bytes]:
    """Return embedded weights as the files of a repository."""
    from colorzoo.hub import catalog

    folder = catalog.find(plugin, None)
    if folder is None:
        raise LookupError(f"no embedded weights of {plugin}")
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def flipped(data: bytes, chance: random.Random, _: Sequence[bytes] = ()) -> bytes:
    """Change a few bytes, mostly near the front."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8, 40))):
        reach = len(data) if chance.random() < 0.5 else min(len(data), 300)
        changed[chance.randrange(reach)] ^= (
            1 << chance.randrange(8) if chance.random() < 0.5 else chance.randrange(1, 256)
        )
    return bytes(changed)


def cut(data: bytes, chance: random.Random, _: Sequence[bytes] = ()) -> bytes:
    """Lose the end."""
    return data[: chance.randrange(len(data))]


def spliced(data: bytes, chance: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """Go on as another file does."""
    other = chance.choice(others) if others else data
    return data[: chance.randrange(len(data))] + other[chance.randrange(len(other)) :]


def doubled(data: bytes, chance: random.Random, _: Sequence[bytes] = ()) -> bytes:
    """Repeat a part, once or many times."""
    start, length = chance.randrange(len(data)), chance.randint(1, 400)
    part = data[start : start + length]
    return data[:start] + part * chance.choice((2, 2, 3, 100)) + data[start + length :]


def dropped(data: bytes, chance: random.Random, _: Sequence[bytes] = ()) -> bytes:
    """Lose a part."""
    start = chance.randrange(len(data))
    return data[:start] + data[start + chance.randint(1, 60) :]


def resized(data: bytes, chance: random.Random, _: Sequence[bytes] = ()) -> bytes:
    """Overwrite what may be a length, a width or an offset."""
    changed, layout = bytearray(data), chance.choice((">I", "<I", ">H", "<H"))
    width = struct.calcsize(layout)
    for _ in range(chance.choice((1, 1, 2))):
        start = chance.randrange(max(1, min(len(data), chance.choice((64, 400, len(data)))) - width + 1))
        value = chance.choice((*BOUNDS, chance.randrange(1 << 32)))
        changed[start : start + width] = struct.pack(layout, value & ((1 << 8 * width) - 1))
    return bytes(changed)


BYTES: tuple[Callable[..., bytes], ...] = (
    flipped,
    flipped,
    cut,
    spliced,
    doubled,
    dropped,
    resized,
    resized,
)


def mutated(data: bytes, chance: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """Damage bytes once to three times; half of the PNGs get their checksums right again."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        if data:
            data = chance.choice(BYTES)(data, chance, others)
    return with_checksums(data) if data[:4] == b"\x89PNG" and chance.random() < 0.5 else data


def with_checksums(data: bytes) -> bytes:
    """Correct the checksum of every chunk of a PNG, so that its damage gets past them."""
    result, start = bytearray(data), 8
    while start + 12 <= len(result):
        (length,) = struct.unpack_from(">I", result, start)
        end = start + 8 + length
        if end + 4 > len(result):
            break
        struct.pack_into(">I", result, end, zlib.crc32(result[start + 4 : end]))
        start = end + 4
    return bytes(result)


def json_damaged(data: bytes, chance: random.Random) -> bytes:
    """Put a wild value somewhere into JSON text, take a key away or add one; sometimes harm the bytes."""
    if chance.random() < 0.25 or not data.strip():
        return chance.choice((b"", b"\xff\xfe", b"<html>log in</html>", mutated(data or b"x", chance)))
    text = json.dumps(_changed(json.loads(data), chance))
    return text.replace(f'"{PLACE}"', chance.choice(WILD)).encode("utf-8", "surrogatepass")


def lines_damaged(data: bytes, chance: random.Random) -> bytes:
    """Damage one line of JSON lines."""
    lines = data.splitlines()
    place = chance.randrange(len(lines))
    lines[place] = json_damaged(lines[place], chance)
    return b"\n".join(lines) + b"\n" * (chance.random() < 0.8)


def _changed(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(list(value))
        if chance.random() < 0.15:
            return {k: v for k, v in value.items() if k != key}
        if chance.random() < 0.1:
            return {**value, chance.choice(("x", "../x", "\n", "\x1b[2J", "")): PLACE}
        return {**value, key: _changed(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        place = chance.randrange(len(value))
        return [_changed(v, chance) if i == place else v for i, v in enumerate(value)]
    return PLACE


def safetensors_damaged(data: bytes, chance: random.Random) -> bytes:
    """Damage the header of a safetensors file, its length or any bytes."""
    if chance.random() < 0.4:
        return mutated(data, chance)
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    told = json_damaged(json.dumps(header).encode(), chance)
    facts = header.get("__metadata__", {}).get("facts")
    if facts and chance.random() < 0.6:  # the JSON within the JSON
        inner = json_damaged(facts.encode(), chance).decode("utf-8", "replace")
        told = json.dumps({**header, "__metadata__": {**header["__metadata__"], "facts": inner}}).encode()
    size = len(told) if chance.random() < 0.9 else chance.choice((0, 2**31, 2**63, len(data)))
    return size.to_bytes(8, "little") + told + data[8 + length :]


def npy_damaged(data: bytes, chance: random.Random) -> bytes:
    """Damage the header of a .npy file or any bytes; one asks for a pickle to be executed."""
    start = data.index(b"{")
    header, rest = data[start : data.index(b"}") + 1], data[data.index(b"\n") + 1 :]
    changes = (
        header.replace(b"|u1", b"|O"), header.replace(b"|u1", b"<f8"), header.replace(b"|u1", b"<U9"),
        header.replace(b"False", b"True"), header.replace(b"(", b"(99999999999999, "), b"{}",
        header.replace(b"(", b"(-1, "), header.replace(b"(", b"(0, "), header.replace(b"'shape'", b"'x'"),
        b"__import__('os').system('touch /tmp/x')", b"[" * 5000,
    )  # fmt: skip
    if chance.random() < 0.4:
        return chance.choice((b"", mutated(data, chance)))
    chosen = chance.choice(changes)
    text = chosen + b" " * (-(len(chosen) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text) & 0xFFFF) + text + rest
