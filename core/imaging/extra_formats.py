"""Photos of phones and cameras, each read by a package of its own that an extra brings."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import numpy as np
from PIL import ImageFile

from colorzoo.core.imaging.limits import Refused, bound_pixels

HEIC = (".heic", ".heif")
RAW = (".dng", ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw")
"""Endings by which raw files are known: most begin as a TIFF does, whose picture is a small preview."""
SRGB_CURVE = (2.4, 12.92)


def is_raw(name: str) -> bool:
    """Say by its name whether a file holds what a camera's sensor saw."""
    return Path(name).suffix.lower() in RAW


def open_heic(file: IO[bytes]) -> ImageFile.ImageFile:
    """Open a HEIC picture as Pillow does.

    Raises:
        Refused: what reads it is not installed.
    """
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        raise Refused("HEIC needs the package 'pillow-heif': pip install 'colorzoo[heic]'") from None
    image: ImageFile.ImageFile = HeifImageFile(file, "")  # type: ignore[no-untyped-call]
    return image


def develop_raw(file: IO[bytes], max_pixels: int) -> np.ndarray[Any, np.dtype[np.uint16]]:
    """Return a raw file developed to sRGB uint16 (H, W, 3), upright, by the camera's white balance.

    Raises:
        Refused: it is too large, damaged, or what reads it is not installed.
    """
    try:
        import rawpy
    except ImportError:
        raise Refused("raw files need the package 'rawpy': pip install 'colorzoo[raw]'") from None
    try:
        with rawpy.imread(cast("BinaryIO", file)) as raw:
            bound_pixels(raw.sizes.width, raw.sizes.height, max_pixels)
            developed = raw.postprocess(use_camera_wb=True, output_bps=16, gamma=SRGB_CURVE)
    except rawpy.LibRawError as error:
        raise Refused(f"damaged raw file, or of a camera that is not known ({error})") from None
    return np.asarray(developed, np.uint16)
