"""Pictures from and to disk: every common format in, nothing half-written out."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np

from colorzoo.core.errors import ImageError
from colorzoo.core.files import atomic_write
from colorzoo.core.imaging.decoding import Source, decode
from colorzoo.core.imaging.encoding import SUFFIXES as SUFFIXES
from colorzoo.core.imaging.encoding import check_writable as check_writable
from colorzoo.core.imaging.encoding import encode_to
from colorzoo.core.imaging.encoding import lost_in as lost_in
from colorzoo.core.imaging.encoding import suffix_for as suffix_for
from colorzoo.core.imaging.extra_formats import HEIC, RAW
from colorzoo.core.imaging.limits import MAX_PIXELS
from colorzoo.core.imaging.picture import AnyDepth as AnyDepth
from colorzoo.core.imaging.picture import Picture as Picture
from colorzoo.core.imaging.picture import Pixels as Pixels
from colorzoo.core.imaging.picture import to_eight_bits
from colorzoo.core.imaging.scan_file import scanned

READABLE = (*SUFFIXES, ".gif", ".avif", ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".jpx", *HEIC,
            *RAW)  # fmt: skip
"""What `colorzoo run` takes from folders."""


def read(source: Source, *, name: str = "", max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode a picture file; EXIF orientation is applied; alpha, 16 bits and what the file says are kept.

    source: a path, or an open binary file, which messages call `name`.

    Raises:
        ImageError: the file is absent, damaged, larger than max_pixels or no picture that is read.
    """
    decoded = decode(source, name or str(source), max_pixels)
    return Picture(decoded.pixels, decoded.alpha, decoded.profile, decoded.notes, decoded.metadata)


def read_any(source: Source, *, name: str = "") -> Picture:
    """Decode a picture file as `read` does, and scans that it refuses as reduced ones with their `scan`.

    Raises:
        ImageError: as in `read`; for a large TIFF or PNG only without the extra that reads scans.
    """
    try:
        return read(source, name=name)
    except ImageError:
        scan = scanned(Path(source)) if isinstance(source, str | os.PathLike) else None
        if scan is None:
            raise
        return scan


def read_reduced(source: Source, side: int, *, name: str = "") -> tuple[Pixels, tuple[int, int]]:
    """Return RGB uint8 (h, w, 3), both sides at least `side` or as stored, and the stored (height, width).

    A JPEG is scaled by 1/2, 1/4 or 1/8 while it is decoded, in the frequency domain, which averages
    areas and takes a fraction of the time.

    Raises:
        ImageError: as in `read`.
    """
    try:
        decoded = decode(source, name or str(source), MAX_PIXELS, side)
        return to_eight_bits(decoded.pixels), decoded.size
    except ImageError:
        scan = scanned(Path(source)) if isinstance(source, str | os.PathLike) else None
        if scan is None:
            raise
        return scan.rgb, scan.full_size


def write(
    path: str | os.PathLike[str],
    picture: Picture,
    *,
    quality: int | None = None,
    mark: str = "",
    sync: bool = True,
) -> None:
    """Encode to the format of the suffix, atomically; `lost_in` says what the format cannot hold.

    quality: of JPEG, up to 100; None: by the tables of a picture that came as JPEG, else 95; the other
    formats are lossless. mark: how it was coloured, `program: details`, for the history in its XMP. The
    file's time of change is that of the picture's own file. sync: as in `atomic_write`.

    Raises:
        ImageError: a suffix of no format, or a picture too large for it.
    """
    path = Path(path)
    check_writable(path.name, *picture.full_size)
    with atomic_write(path, sync=sync) as file:
        encode_to(file, picture, path.suffix.lower(), str(path), quality=quality, mark=mark)
    if picture.metadata.modified is not None:
        os.utime(path, ns=(picture.metadata.modified, picture.metadata.modified))


def encode(picture: Picture, suffix: str, *, quality: int | None = None, mark: str = "") -> bytes:
    """Return a picture as a file of that suffix holds it, with the dot; otherwise as `write`.

    Raises:
        ImageError: a suffix of no format, or a picture too large for it.
    """
    check_writable(f"picture{suffix}", *picture.size)
    buffer = BytesIO()
    encode_to(buffer, picture, suffix, f"picture{suffix}", quality=quality, mark=mark)
    return buffer.getvalue()


def resize(image: Pixels, width: int, height: int) -> Pixels:
    """Return uint8 (H, W[, C]) at (height, width): area average where it shrinks, cubic where it grows."""
    shrinks = width * height <= image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), np.uint8)


def square(image: Pixels, size: int, fit: str = "squash") -> Pixels:
    """Return RGB uint8 (H, W, 3) as (size, size, 3): squash, crop the centre, or pad with the edge."""
    height, width = image.shape[:2]
    if fit == "crop":
        side = min(height, width)
        top, left = (height - side) // 2, (width - side) // 2
        image = image[top : top + side, left : left + side]
    elif fit == "pad":
        side = max(height, width)
        top, left = (side - height) // 2, (side - width) // 2
        image = np.pad(image, ((top, side - height - top), (left, side - width - left), (0, 0)), "edge")
    return resize(image, size, size)
