"""Pictures from and to disk: every common format in, nothing half-written out."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from colorzoo.core.errors import ImageError

Pixels = npt.NDArray[np.uint8]
Source = str | os.PathLike[str] | IO[bytes]
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
MAX_PIXELS = 200_000_000
"""Largest picture read, in pixels; a small file may claim more and fill the memory."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture: RGB uint8 (H, W, 3), upright, with alpha (H, W) and colour profile if any."""

    rgb: Pixels
    alpha: Pixels | None = None
    profile: bytes | None = field(default=None, repr=False)

    @property
    def gray(self) -> Pixels:
        """BT.601 luma uint8 (H, W), OpenCV's RGB2GRAY."""
        return np.asarray(cv2.cvtColor(self.rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def read(source: Source, *, name: str = "", max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode a picture file; EXIF orientation is applied, alpha kept, 16 bits reduced to 8.

    source: a path, or an open binary file, which messages call `name`.
    """
    with _opened(source, name or str(source), max_pixels) as image:
        return _picture(image)


def read_reduced(source: Source, side: int, *, name: str = "") -> tuple[Pixels, tuple[int, int]]:
    """Decode to RGB uint8 (H, W, 3) with both sides at least `side`, or as they are; and the full (H, W).

    A JPEG is scaled by 1/2, 1/4 or 1/8 while it is decoded, in the frequency domain, which averages
    areas and takes a fraction of the time.
    """
    with _opened(source, name or str(source), MAX_PIXELS, side) as image:
        size = image.info["full size"]
        pixels = _picture(image).rgb
        turned = (pixels.shape[1] > pixels.shape[0]) != (size[0] > size[1])
        return pixels, size if turned else size[::-1]


@contextmanager
def _opened(source: Source, name: str, max_pixels: int, side: int | None = None) -> Iterator[Image.Image]:
    """Open and decode; what goes wrong is said in terms of `name`."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the size is checked below, odd metadata is harmless
            with Image.open(source, formats=FORMATS) as image:
                _check_size(image, name, max_pixels)
                image.info["full size"] = image.size
                if side:
                    image.draft("RGB", (side, side))
                image.load()
                ImageOps.exif_transpose(image, in_place=True)
                yield image
    except FileNotFoundError:
        raise ImageError(f"{name}: no such file") from None
    except IsADirectoryError:
        raise ImageError(f"{name}: is a folder, expected a picture file") from None
    except UnidentifiedImageError:
        raise ImageError(f"{name}: {_unreadable(source)}; expected {', '.join(FORMATS)}") from None
    except Image.DecompressionBombError:
        raise ImageError(f"{name}: {_too_large(max_pixels)}") from None
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow's decoders raise
        raise ImageError(f"{name}: damaged picture ({error})") from None


def write(path: str | os.PathLike[str], picture: Picture, *, quality: int = 95) -> None:
    """Encode to the format of the suffix, atomically; JPEG and BMP drop the alpha.

    quality: of JPEG, up to 100.
    """
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise ImageError(f"{path}: unknown picture suffix; expected one of {', '.join(SUFFIXES)}")
    lossy = path.suffix.lower() in (".jpg", ".jpeg")
    image = Image.fromarray(picture.rgb)
    if picture.alpha is not None and not lossy and path.suffix.lower() != ".bmp":
        image.putalpha(Image.fromarray(picture.alpha))
    options: dict[str, object] = {"quality": quality, "subsampling": 0} if lossy else {}
    if path.suffix.lower() == ".png":
        options["compress_level"] = 1  # three times as fast as the default, a tenth larger
    if picture.profile:
        options["icc_profile"] = picture.profile
    with atomic_write(path) as file:
        image.save(file, format=Image.registered_extensions()[path.suffix.lower()], **options)


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Open a temporary file that takes the place of `path` only when the block ends well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def resize(image: Pixels, width: int, height: int) -> Pixels:
    """Resize uint8 (H, W[, C]): area average where it shrinks, cubic where it grows."""
    shrinks = width * height <= image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), np.uint8)


def square(image: Pixels, size: int, fit: str = "squash") -> Pixels:
    """Bring RGB uint8 (H, W, 3) to (size, size, 3): squash, crop the centre, or pad with the edge."""
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


def _picture(image: Image.Image) -> Picture:
    if image.mode == "F":
        raise ValueError("floating-point pixels; save it with 8 or 16 bits")
    if image.mode.startswith("I"):  # 16-bit grey; Pillow's own conversion would clip it
        values = np.asarray(image)
        image = Image.fromarray((values.astype(np.float64) / 257).round().clip(0, 255).astype(np.uint8))
    profile = image.info.get("icc_profile")
    if not (isinstance(profile, bytes) and profile[16:20] == b"RGB "):
        profile = None  # a grey or CMYK profile does not describe the RGB that is written
    if "A" in image.getbands() or "transparency" in image.info:
        rgba = np.asarray(image.convert("RGBA"))
        return Picture(np.ascontiguousarray(rgba[..., :3]), rgba[..., 3].copy(), profile)
    return Picture(np.array(image if image.mode == "RGB" else image.convert("RGB")), None, profile)


def _check_size(image: Image.Image, name: str, limit: int) -> None:
    width, height = image.size
    if width * height > limit:
        raise ImageError(f"{name}: {width}x{height} pixels; {_too_large(limit)}")


def _too_large(limit: int) -> str:
    return f"too large, at most {limit // 1_000_000} million pixels are read; scale it down first"


def _unreadable(source: Source) -> str:
    if isinstance(source, str | os.PathLike):
        size = Path(source).stat().st_size
    else:
        size = source.seek(0, os.SEEK_END)
    return "not a picture that can be read" if size else "empty file"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
