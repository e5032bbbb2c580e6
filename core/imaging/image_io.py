"""Pictures from and to disk: every common format in, nothing half-written out."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO

import cv2
import numpy as np
from PIL import Image

from colorzoo.core.errors import ImageError
from colorzoo.core.files import atomic_write
from colorzoo.core.imaging.decoding import Pixels as Pixels
from colorzoo.core.imaging.decoding import Source, decode
from colorzoo.core.imaging.limits import MAX_PIXELS

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
"""What datasets are made of, and what results are written as."""
READABLE = (*SUFFIXES, ".gif", ".avif", ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".jpx")
"""What `colorzoo run` takes from folders."""
LONGEST_SIDE = {".webp": 16_383, ".jpg": 65_500, ".jpeg": 65_500}
"""Most pixels a side where the format has a limit; libjpeg's is a little below JPEG's 65,535."""
SAVE_OPTIONS: dict[str, dict[str, object]] = {
    ".jpg": {"subsampling": 0},
    ".jpeg": {"subsampling": 0},
    ".png": {"compress_level": 1},  # three times as fast as the default, a tenth larger
    # lossless, since the luma is promised; thirty times as fast as the default, a seventh larger
    ".webp": {"lossless": True, "exact": True, "method": 0, "quality": 0},
}


@dataclass(frozen=True)
class Picture:
    """A decoded picture: RGB uint8 (H, W, 3), upright, with alpha (H, W) and colour profile if any.

    notes: what of its file was left out, each a clause.
    """

    rgb: Pixels
    alpha: Pixels | None = None
    profile: bytes | None = field(default=None, repr=False)
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def gray(self) -> Pixels:
        """BT.601 luma uint8 (H, W), OpenCV's RGB2GRAY."""
        return np.asarray(cv2.cvtColor(self.rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def read(source: Source, *, name: str = "", max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode a picture file; EXIF orientation is applied, alpha kept, more than 8 bits reduced to 8.

    source: a path, or an open binary file, which messages call `name`.

    Raises:
        ImageError: the file is absent, damaged, larger than max_pixels or no picture that is read.
    """
    decoded = decode(source, name or str(source), max_pixels)
    return Picture(decoded.rgb, decoded.alpha, decoded.profile, decoded.notes)


def read_reduced(source: Source, side: int, *, name: str = "") -> tuple[Pixels, tuple[int, int]]:
    """Return RGB uint8 (h, w, 3), both sides at least `side` or as stored, and the stored (height, width).

    A JPEG is scaled by 1/2, 1/4 or 1/8 while it is decoded, in the frequency domain, which averages
    areas and takes a fraction of the time.

    Raises:
        ImageError: as in `read`.
    """
    decoded = decode(source, name or str(source), MAX_PIXELS, side)
    return decoded.rgb, decoded.size


def write(path: str | os.PathLike[str], picture: Picture, *, quality: int = 95) -> None:
    """Encode to the format of the suffix, atomically; `lost_in` says what the format cannot hold.

    quality: of JPEG, up to 100; the other formats are lossless.

    Raises:
        ImageError: a suffix of no format, or a picture too large for it.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    check_writable(path.name, picture.rgb.shape[0], picture.rgb.shape[1])
    with atomic_write(path) as file:
        _encode(picture, suffix, file, str(path), quality)


def encode(picture: Picture, suffix: str, *, quality: int = 95) -> bytes:
    """Return a picture as a file of that suffix holds it, with the dot; otherwise as `write`.

    Raises:
        ImageError: a suffix of no format, or a picture too large for it.
    """
    check_writable(f"picture{suffix}", picture.rgb.shape[0], picture.rgb.shape[1])
    buffer = BytesIO()
    _encode(picture, suffix, buffer, f"picture{suffix}", quality)
    return buffer.getvalue()


def _encode(picture: Picture, suffix: str, file: IO[bytes], name: str, quality: int) -> None:
    image = Image.fromarray(picture.rgb)
    if picture.alpha is not None and _holds_alpha(suffix):
        image.putalpha(Image.fromarray(picture.alpha))
    options = _save_options(suffix, quality, picture.profile)
    try:
        image.save(file, format=Image.registered_extensions()[suffix], **options)
    except (ValueError, struct.error, MemoryError) as error:
        raise ImageError(f"{name}: cannot be written ({error or 'not enough memory'})") from None


def _save_options(suffix: str, quality: int, profile: bytes | None) -> dict[str, object]:
    options = dict(SAVE_OPTIONS.get(suffix, {}))
    if suffix in (".jpg", ".jpeg"):
        options["quality"] = quality
    if profile:
        options["icc_profile"] = profile
    return options


def check_writable(name: str, height: int, width: int) -> None:
    """Check that a file of that name can hold a picture of that size, in pixels.

    Raises:
        ImageError: it cannot.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise ImageError(f"{name}: unknown picture suffix; expected one of {', '.join(SUFFIXES)}")
    limit = LONGEST_SIDE.get(suffix)
    if limit is not None and max(height, width) > limit:
        raise ImageError(
            f"{width}x{height} pixels are too large for {suffix[1:]}, at most {limit:,} a side; write png"
        )


def lost_in(name: str, picture: Picture) -> tuple[str, ...]:
    """Return what of a picture a file of that name cannot hold, each a clause."""
    suffix = Path(name).suffix.lower()
    notes = []
    if picture.alpha is not None and not _holds_alpha(suffix) and (picture.alpha < 255).any():
        notes.append(f"its transparency is dropped, which {suffix[1:]} cannot hold")
    if picture.profile and suffix == ".bmp":
        notes.append("its colour profile is dropped, which bmp cannot hold")
    return tuple(notes)


def _holds_alpha(suffix: str) -> bool:
    return suffix not in (".jpg", ".jpeg", ".bmp")


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
