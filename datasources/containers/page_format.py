"""A coloured page in the format of the page that it stands for: same kind of file, about as many bytes."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from typing import NamedTuple

from PIL import Image, JpegImagePlugin

from colorzoo.core.errors import ImageError, printable
from colorzoo.core.imaging.decoding import FORMATS
from colorzoo.core.imaging.image_io import Picture, encode

SUFFIX_OF = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "TIFF": ".tif"}
"""Formats that pages are written in as single pictures are."""
OTHERS: Mapping[str, Mapping[str, object]] = {
    "GIF": {},
    "AVIF": {"quality": 90},
    "JPEG2000": {"quality_mode": "dB", "quality_layers": [45]},
}
"""Formats that only pages are written in, and how."""
LOSSY_WEBP: Mapping[str, object] = {"quality": 92, "method": 4}
LEAST_QUALITY, MOST_QUALITY = 75, 95
FIRST_ROW = (16, 11, 10, 16, 24, 40, 51, 61)
"""Of the luminance table in annex K of the JPEG standard, which encoders scale by quality."""


class PageFormat(NamedTuple):
    """What a page is stored as; quality: of a JPEG. lossless: of a WebP. moves: several frames."""

    name: str
    quality: int = MOST_QUALITY
    lossless: bool = True
    moves: bool = False


def page_format(data: bytes, name: str) -> PageFormat:
    """Return what a page is stored as.

    Raises:
        ImageError: it is no picture that is read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # large ones are bounded where they are decoded
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                kind, moves = str(image.format), bool(getattr(image, "is_animated", False))
                if isinstance(image, JpegImagePlugin.JpegImageFile):
                    return PageFormat(kind, _quality(image.quantization), moves=False)
    except Exception as error:  # Pillow's readers raise anything at damaged bytes
        raise ImageError(f"{name}: not a picture that can be read ({type(error).__name__})") from None
    return PageFormat("JPEG" if kind == "MPO" else kind, lossless=b"VP8L" in data[:64], moves=moves)


def encode_as(picture: Picture, stored: PageFormat, name: str) -> bytes:
    """Return a picture in the format of a page, with about the losses that it had already.

    Raises:
        ImageError: that format is not written.
    """
    if stored.name == "WEBP" and not stored.lossless:
        return _saved(picture, "WEBP", LOSSY_WEBP)
    if suffix := SUFFIX_OF.get(stored.name):
        return encode(picture, suffix, quality=stored.quality)
    if stored.name in OTHERS:
        return _saved(picture, stored.name, OTHERS[stored.name])
    raise ImageError(f"{printable(name)}: {stored.name} is not written in colour")


def _saved(picture: Picture, format: str, options: Mapping[str, object]) -> bytes:
    image, buffer = Image.fromarray(picture.rgb), io.BytesIO()
    if picture.alpha is not None:
        image.putalpha(Image.fromarray(picture.alpha))
    if picture.profile and format != "GIF":
        options = {**options, "icc_profile": picture.profile}
    image.save(buffer, format=format, **options)
    return buffer.getvalue()


def _quality(tables: dict[int, list[int]]) -> int:
    """Return the quality whose luminance table is nearest to a JPEG's own, within bounds.

    The same table again leaves the page's luma nearly as it is, and its size.
    """
    row = (tables.get(0) or [1] * 8)[:8]
    scale = sum(row) / sum(FIRST_ROW)
    quality = 50 / max(scale, 0.01) if scale > 1 else 100 - 50 * scale
    return round(min(max(quality, LEAST_QUALITY), MOST_QUALITY))
