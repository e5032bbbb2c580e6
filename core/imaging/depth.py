"""Pixels of more than eight bits, of which Pillow decodes only the high bytes where they are not grey.

A second pass, in which bytes are taken for those of the other order, decodes the low ones. So what is
damaged is told as it is for eight bits, and every compression and layout is one that Pillow reads.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile, ImageOps, TiffImagePlugin

from colorzoo.core.imaging.limits import Refused
from colorzoo.core.imaging.picture import AnyDepth

LOW = {f"{mode};16{one}": f"{mode};16{other}" for mode in ("RGB", "RGBA") for one, other in ("LB", "BL")}
"""Raw modes, and those that give the bytes which they leave out."""
LOW |= {f"{mode};16N": f"{mode};16{'B' if sys.byteorder == 'little' else 'L'}" for mode in ("RGB", "RGBA")}
GRAY_ALPHA = "LA;16B"
PLANAR, BITS_PER_SAMPLE = 284, 258


def check_planes(image: Image.Image) -> None:
    """Refuse deep colours in separate planes, which Pillow decodes wrongly.

    Raises:
        Refused: they are.
    """
    if isinstance(image, TiffImagePlugin.TiffImageFile) and image.tag_v2.get(PLANAR) == 2:
        bits = image.tag_v2.get(BITS_PER_SAMPLE, (8,))
        if isinstance(bits, tuple) and len(bits) > 1 and max(bits) > 8:
            raise Refused(
                "16 bits in separate planes; save it with them interleaved, as `tiffcp -p contig` does"
            )


def prepared(image: Image.Image) -> str:
    """Return the raw mode of a file that is not loaded yet; grey with alpha is going to be loaded raw."""
    tiles = image.tile if isinstance(image, ImageFile.ImageFile) else []
    if not tiles:
        return ""
    arguments = tiles[0].args
    raw = arguments[0] if isinstance(arguments, tuple) else arguments
    if raw == GRAY_ALPHA:
        image.tile = [tile._replace(args="RGBA") for tile in tiles]  # type: ignore[attr-defined]
    is_ppm = tiles[0].codec_name.startswith("ppm") and image.mode == "RGB"
    return "PPM;16" if is_ppm and isinstance(arguments, tuple) and arguments[-1] > 255 else str(raw)


def reduced(raw: str) -> tuple[str, ...]:
    """Return a note where a raw mode has more bits than were read."""
    return ("of its 16 bits 8 are read, since of its kind no more is",) if ";16" in raw else ()


def second_pass(raw: str, again: Callable[[], ImageFile.ImageFile]) -> Image.Image | None:
    """Return what low bytes are in, None where there is nothing but eight bits.

    again: opens the file once more.
    """
    if raw != GRAY_ALPHA and raw not in LOW:
        return None
    other = again()
    if raw in LOW:
        other.tile = [tile._replace(args=_low(tile.args)) for tile in other.tile]
        ImageOps.exif_transpose(other, in_place=True)
    return other


def deep_color(raw: str, image: Image.Image, low: Image.Image) -> tuple[AnyDepth, AnyDepth | None]:
    """Return RGB and alpha of 16 bits of both passes, upright."""
    high = np.asarray(image)
    if raw == GRAY_ALPHA:  # four bytes a pixel, which Pillow takes for red, green, blue and alpha
        stored = high.astype(np.uint16)
        gray, alpha = (stored[..., first] << 8 | stored[..., first + 1] for first in (0, 2))
        return np.repeat(gray[..., None], 3, axis=2), alpha
    values = high.astype(np.uint16)
    values <<= 8
    values |= np.asarray(low)
    if values.shape[2] == 4:
        return np.ascontiguousarray(values[..., :3]), np.ascontiguousarray(values[..., 3])
    key = image.info.get("transparency")
    return values, _keyed((values == key).all(2)) if isinstance(key, tuple) else None


def _low(arguments: tuple[Any, ...] | str | None) -> tuple[Any, ...] | str:
    if isinstance(arguments, tuple):
        return (LOW[arguments[0]], *arguments[1:])
    return LOW[str(arguments)]


def _keyed(transparent: npt.NDArray[np.bool_]) -> AnyDepth:
    return np.where(transparent, 0, 65535).astype(np.uint16)


def deep_gray(image: Image.Image, highest: int) -> tuple[AnyDepth, AnyDepth | None]:
    """Return grey of 9 to 32 bits as RGB of 16, with alpha; Pillow's own conversion would clip it.

    highest: the value of white, negative where black and white are swapped.
    """
    values = np.asarray(image)
    key = image.info.get("transparency")
    alpha = _keyed(values == key) if isinstance(key, int) else None
    white = abs(highest)
    if white > 2**16 - 1:
        values, white = (values.view(np.uint32) >> 16).astype(np.uint16), 2**16 - 1
    gray = values.astype(np.uint16, copy=False)
    if white < 2**16 - 1:
        gray = (np.arange(2**16) / (white / 65535)).round().clip(0, 65535).astype(np.uint16)[values]
    return np.repeat((65535 - gray if highest < 0 else gray)[..., None], 3, axis=2), alpha
