"""What a picture file may ask of memory and time, looked at before its pixels are decoded."""

from __future__ import annotations

from typing import IO

from PIL import ImageFile, JpegImagePlugin, TiffImagePlugin

MAX_PIXELS = 200_000_000
"""Largest picture read, in pixels; a small file may claim more and fill the memory."""
MAX_SCAN_PIXELS = 20_000_000_000
"""Largest scan read by stripes, in pixels."""
MAX_SCANS, MAX_SCANNED_PIXELS = 100, 4_000_000_000
"""Most scans of a JPEG, and of scans times pixels. Encoders write 6 to 20. A scan that holds nothing costs
a few bytes and 1.1 ns a pixel (grey, libjpeg-turbo 3, one core of an EPYC), so decoding ends within
4.4 s, within 14 s for three full components."""
STRIP_OFFSETS, TILE_OFFSETS = 273, 324


class Refused(Exception):
    """An undamaged picture that is not read, for the reason given."""


def bound_pixels(width: int, height: int, most: int, advice: str = "scale it down first") -> None:
    """Refuse a picture of more pixels than `most`; advice: what to do about it.

    Raises:
        Refused: it has more.
    """
    if width * height > most:
        limit = f"at most {most // 1_000_000} million pixels are read; {advice}"
        raise Refused(f"{width}x{height} pixels; too large, {limit}")


def bound_scans(image: ImageFile.ImageFile, file: IO[bytes]) -> None:
    """Refuse a JPEG whose scans, each a few bytes that cost a pass over the picture, take too long.

    Raises:
        Refused: they do.
    """
    segments = 1
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        if image.info.get("compression") not in ("jpeg", "tiff_jpeg"):
            return
        offsets = image.tag_v2.get(STRIP_OFFSETS) or image.tag_v2.get(TILE_OFFSETS) or (0,)
        segments = len(offsets) if isinstance(offsets, tuple) else 1
    elif not isinstance(image, JpegImagePlugin.JpegImageFile):
        return
    scans = -(-_count(file, b"\xff\xda") // segments)  # entropy-coded data never holds a marker
    if scans > MAX_SCANS or scans * image.width * image.height > MAX_SCANNED_PIXELS:
        raise Refused(f"a JPEG of {scans} scans, which take too long; save it again as a baseline JPEG")


def _count(file: IO[bytes], marker: bytes) -> int:
    position, count, last = file.tell(), 0, b""
    file.seek(0)
    while block := file.read(2**20):
        count += (last + block).count(marker)
        last = block[-1:]
    file.seek(position)
    return count
