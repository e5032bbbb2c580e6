"""Colour profiles: of grey ones RGB ones of the same tone curve, and other colour spaces as sRGB."""

from __future__ import annotations

import struct
from collections.abc import Callable
from io import BytesIO
from typing import Any

from PIL import Image, ImageCms

Convert = Callable[[Image.Image], Image.Image]
GRAY, RGB, CMYK = b"GRAY", b"RGB ", b"CMYK"
D50 = (0.9642, 1.0, 0.8249)
PRIMARIES = {
    b"rXYZ": (0.43607, 0.22249, 0.01392), b"gXYZ": (0.38515, 0.71687, 0.09708),
    b"bXYZ": (0.14307, 0.06061, 0.71410),
}  # fmt: skip
"""sRGB's primaries, adapted to D50 (IEC 61966-2-1, ICC.1:2022 annex E)."""
ADAPTED = (1.04788, 0.02292, -0.05022, 0.02959, 0.99048, -0.01707, -0.00923, 0.01508, 0.75168)
"""From D65 to D50 by Bradford's matrix."""
MAX_TAGS = 200


def space(profile: bytes) -> bytes:
    """Return the colour space that a profile describes, four letters."""
    return profile[16:20]


def rgb_from_gray(profile: bytes) -> bytes | None:
    """Return an RGB profile of sRGB's primaries, in which grey looks as in a grey profile.

    None if that is damaged or has no tone curve: its curve goes to the luminance (ICC.1:2022, 8.4.3).
    """
    curve = _tag(profile, b"kTRC")
    if space(profile) != GRAY or profile[20:24] != b"XYZ " or curve[:4] not in (b"curv", b"para"):
        return None
    name = "RGB of the tone curve of a grey profile".encode("utf-16-be")
    text = b"mluc" + struct.pack(">III2s2sII", 0, 1, 12, b"en", b"US", len(name), 28) + name
    tags = {b"desc": text, b"cprt": text, b"wtpt": _xyz(D50), b"chad": _numbers(b"sf32", ADAPTED)}
    tags |= {tag: _xyz(values) for tag, values in PRIMARIES.items()}
    return _assembled(tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve), profile[24:36])


def _tag(profile: bytes, wanted: bytes) -> bytes:
    """Return the content of a profile's tag, empty if it is not there."""
    count = int.from_bytes(profile[128:132], "big")
    for start in range(132, 132 + 12 * min(count, MAX_TAGS), 12):
        if profile[start : start + 4] == wanted:
            offset, length = struct.unpack(">II", profile[start + 4 : start + 12])
            return profile[offset : offset + length]
    return b""


def _xyz(values: tuple[float, ...]) -> bytes:
    return _numbers(b"XYZ ", values)


def _numbers(kind: bytes, values: tuple[float, ...]) -> bytes:
    return kind + bytes(4) + b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def _assembled(tags: dict[bytes, bytes], date: bytes) -> bytes:
    """Return a display profile of version 4.3; equal contents are stored once."""
    table, data, places = struct.pack(">I", len(tags)), b"", dict[bytes, int]()
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        if content not in places:
            places[content] = start + len(data)
            data += content + bytes(-len(content) % 4)
        table += name + struct.pack(">II", places[content], len(content))
    size = 128 + len(table) + len(data)
    head = struct.pack(">I4xI4s4s4s12s4s", size, 0x04300000, b"mntr", RGB, b"XYZ ", date, b"acsp")
    return head.ljust(68, b"\0") + _xyz(D50)[8:] + bytes(48) + table + data


def to_srgb(mode: str, profile: bytes | None) -> tuple[Convert, str] | None:
    """Return a conversion of pixels to sRGB and what it is called, for modes that are not RGB or grey.

    None where the mode needs none. CMYK without a profile of its own is converted by formula.
    """
    if mode == "LAB":
        return _transform(ImageCms.createProfile("LAB"), mode), "its CIE Lab colours are converted to sRGB"
    if mode == "CMYK" and profile and space(profile) == CMYK:
        try:
            opened = ImageCms.ImageCmsProfile(BytesIO(profile))
            return _transform(opened, mode), "its CMYK colours are converted to sRGB by their profile"
        except (ImageCms.PyCMSError, OSError):
            pass
    if mode == "CMYK":
        return (
            lambda image: image.convert("RGB")
        ), "its CMYK colours, of no profile, are converted by formula"
    return None


def _transform(profile: Any, mode: str) -> Convert:
    transform = ImageCms.buildTransform(
        profile, ImageCms.createProfile("sRGB"), mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )  # fmt: skip

    def convert(image: Image.Image) -> Image.Image:
        converted = ImageCms.applyTransform(image, transform)
        assert converted is not None  # it is not made in place
        return converted

    return convert
