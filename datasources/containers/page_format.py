"""A coloured page in the format of the page that it stands for: same kind of file, about as many bytes."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from PIL import ExifTags, Image

from colorzoo.core.errors import ImageError, printable
from colorzoo.core.imaging.decoding import FORMATS
from colorzoo.core.imaging.image_io import Picture, encode
from colorzoo.datasources.containers.frames import image_of

SUFFIX_OF = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "TIFF": ".tif"}
"""Formats that pages are written in as single pictures are."""
OTHERS: Mapping[str, Mapping[str, object]] = {
    "GIF": {},
    "AVIF": {"quality": 90},
    "JPEG2000": {"quality_mode": "dB", "quality_layers": [45]},
}
"""Formats that only pages are written in, and how."""
LOSSY_WEBP: Mapping[str, object] = {"quality": 92, "method": 4}


class PageFormat(NamedTuple):
    """What a page is stored as; lossless: of a WebP. moves: several frames. said: EXIF and XMP."""

    name: str
    lossless: bool = True
    moves: bool = False
    said: Mapping[str, bytes] = {}


def page_format(data: bytes, name: str) -> PageFormat:
    """Return what a page is stored as.

    Raises:
        ImageError: it is no picture that is read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # large ones are bounded where they are decoded
            with Image.open(io.BytesIO(data), formats=FORMATS) as image:
                kind = "JPEG" if image.format == "MPO" else str(image.format)
                moves = kind != "JPEG" and bool(getattr(image, "is_animated", False))
                return PageFormat(kind, b"VP8L" in data[:64], moves, dict(_said(image)))
    except Exception as error:  # Pillow's readers raise anything at damaged bytes
        raise ImageError(f"{name}: not a picture that can be read ({type(error).__name__})") from None


def encode_as(picture: Picture, stored: PageFormat, name: str) -> bytes:
    """Return a picture in the format of a page, with about the losses that it had already.

    Raises:
        ImageError: that format is not written.
    """
    if stored.name == "WEBP" and not stored.lossless:
        return _saved(picture, stored, LOSSY_WEBP)
    if suffix := SUFFIX_OF.get(stored.name):
        return encode(picture, suffix)
    if stored.name in OTHERS:
        return _saved(picture, stored, OTHERS[stored.name])
    raise ImageError(f"{printable(name)}: {stored.name} is not written in colour")


def _saved(picture: Picture, stored: PageFormat, how: Mapping[str, object]) -> bytes:
    image, buffer = image_of(picture), io.BytesIO()
    said: dict[str, Any] = dict(stored.said) if stored.name in ("WEBP", "AVIF") else {}
    if picture.profile and stored.name != "GIF":
        said["icc_profile"] = picture.profile
    image.save(buffer, format=stored.name, **how, **said)
    return buffer.getvalue()


def _said(image: Image.Image) -> Iterator[tuple[str, bytes]]:
    """Yield EXIF, of the upright picture, and XMP of formats that `encode` does not write."""
    if image.format in ("WEBP", "AVIF"):
        if xmp := image.info.get("xmp"):
            yield "xmp", xmp
        if exif := image.getexif():
            exif.pop(ExifTags.Base.Orientation, None)
            yield "exif", exif.tobytes()
