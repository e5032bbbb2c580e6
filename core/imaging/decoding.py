"""Decodes picture files that anybody may have made: each is right, or refused with the reason."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    ImageOps,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from colorzoo.core.errors import ImageError, printable
from colorzoo.core.imaging import depth, icc
from colorzoo.core.imaging.extra_formats import develop_raw, is_raw, open_heic
from colorzoo.core.imaging.file_metadata import NO_METADATA, Metadata, metadata_of
from colorzoo.core.imaging.limits import Refused, bound_pixels, bound_scans
from colorzoo.core.imaging.picture import AnyDepth, Pixels

Source = str | os.PathLike[str] | IO[bytes]
PLUGINS = (
    JpegImagePlugin, PngImagePlugin, WebPImagePlugin, BmpImagePlugin, TiffImagePlugin, GifImagePlugin,
    AvifImagePlugin, PpmImagePlugin, Jpeg2KImagePlugin,
)  # fmt: skip
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "AVIF", "PPM", "JPEG2000")
HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"mif1", b"msf1")
STRIPE = 2**22
"""Pixels that are converted at once."""
SCANS_ADVICE = "`colorzoo run` takes larger ones with: pip install 'colorzoo[archive]'"
BITS_PER_SAMPLE, PHOTOMETRIC, SAMPLE_FORMAT = 258, 262, 339
WHITE_IS_ZERO, UNSIGNED, UNDEFINED = 0, 1, 4


class Decoded(NamedTuple):
    """Upright RGB (H, W, 3), alpha (H, W), profile, the stored (height, width), notes, metadata."""

    pixels: AnyDepth
    alpha: AnyDepth | None
    profile: bytes | None
    size: tuple[int, int]
    notes: tuple[str, ...]
    metadata: Metadata


def decode(source: Source, name: str, max_pixels: int, side: int | None = None) -> Decoded:
    """Decode a picture.

    name: what messages call it. side: let a JPEG be decoded smaller, both sides at least that many pixels.

    Raises:
        ImageError: the file is absent, no picture, too large or damaged, or has pixels of a type that would
            be converted wrongly.
    """
    name = printable(name)
    with _opened(source, name) as file, image_errors(name):
        if is_raw(name):
            pixels = develop_raw(file, max_pixels)
            return Decoded(pixels, None, None, (pixels.shape[0], pixels.shape[1]), (), NO_METADATA)
        return _decoded(file, max_pixels, side)


@contextmanager
def image_errors(name: str) -> Iterator[None]:
    """Turn whatever decoding raises into an ImageError that names the picture."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata is harmless
            yield
    except Refused as reason:
        raise ImageError(f"{name}: {reason}") from None
    except MemoryError:
        raise ImageError(f"{name}: damaged picture, or too large for the memory") from None
    except Exception as error:  # Pillow's decoders raise anything at damaged bytes
        raise ImageError(f"{name}: {_damage(error)}") from None


def _opened(source: Source, name: str) -> AbstractContextManager[IO[bytes]]:
    if not isinstance(source, str | os.PathLike):
        source.seek(0)
        return nullcontext(source)
    try:
        return Path(source).open("rb")
    except FileNotFoundError:
        raise ImageError(f"{name}: no such file") from None
    except IsADirectoryError:
        raise ImageError(f"{name}: is a folder, expected a picture file") from None
    except (OSError, ValueError) as error:
        raise ImageError(f"{name}: {getattr(error, 'strerror', None) or error}") from None


def _damage(error: Exception) -> str:
    text = printable(str(error), 120) or type(error).__name__
    if "MAX_TEXT" in text:
        return "its texts or its profile are longer than is read; remove them, as `mogrify -strip` does"
    if text in ("unknown pixel mode", "unknown data organization"):
        return "a kind of TIFF that is not read; save it with 8 bits a channel"
    return f"damaged picture ({text})"


def _decoded(file: IO[bytes], max_pixels: int, side: int | None) -> Decoded:
    image = identified(file)
    stored = image.size
    advice = SCANS_ADVICE if image.format in ("TIFF", "PNG") else "scale it down first"
    bound_pixels(*stored, max_pixels, advice)
    bound_scans(image, file)
    if side:
        image.draft("RGB", (side, side))
        return converted(image, stored, in_place=True)
    return converted(image, stored, in_place=True, file=file)


def converted(
    image: Image.Image, stored: tuple[int, int], *, in_place: bool, file: IO[bytes] | None = None
) -> Decoded:
    """Return the pixels of a Pillow image, which may be changed `in_place`: that spares a copy.

    stored: its (width, height) before a draft made it smaller. file: where it is from, if all bits of its
    colours and all that the file says are wanted.

    Raises:
        Refused: its pixels are of a type that would be converted wrongly.
    """
    _check_samples(image)
    depth.check_planes(image)
    highest = _highest_value(image)
    _scale_transparent_gray(image)
    raw = depth.prepared(image) if file is not None else ""
    image.load()
    said = dict(image.info)  # as it was before it is turned
    image = _upright(image, in_place=in_place)
    profile, notes = profile_of(image)
    if image.mode.startswith("I"):
        pixels, alpha = depth.deep_gray(image, highest)
    elif file is not None and (low := depth.second_pass(raw, lambda: identified(file))):
        pixels, alpha = depth.deep_color(raw, image, low)
    else:
        pixels, alpha, note = _shallow(image)
        notes += note + depth.reduced(raw)
    upright = (pixels.shape[1], pixels.shape[0])
    turned = (upright[0] > upright[1]) != (stored[0] > stored[1])
    metadata = NO_METADATA if file is None else metadata_of(image, said, upright, file)
    size = stored if turned else stored[::-1]
    return Decoded(pixels, alpha, profile, size, (*notes, *metadata.notes), metadata)


def _upright(image: Image.Image, *, in_place: bool) -> Image.Image:
    if not in_place:
        return ImageOps.exif_transpose(image)
    ImageOps.exif_transpose(image, in_place=True)
    return image


def identified(file: IO[bytes]) -> ImageFile.ImageFile:
    """Open by signature; `Image.open` would bring in a size limit of its own, and hide the reasons."""
    file.seek(0)
    prefix = file.read(16)
    file.seek(0)
    for name in FORMATS:
        factory, accepts = Image.OPEN[name]
        if accepts is not None and accepts(prefix) is True:
            return factory(file, "")
    if prefix[4:8] == b"ftyp" and prefix[8:12] in HEIC_BRANDS:
        return open_heic(file)
    problem = "not a picture that can be read" if prefix else "empty file"
    raise Refused(f"{problem}; expected {', '.join(FORMATS)}")


def _check_samples(image: Image.Image) -> None:
    if image.mode == "F":
        raise Refused("floating-point pixels; save it with 8 or 16 bits")
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        formats = set(_tag(image, SAMPLE_FORMAT, UNSIGNED))
        if 2 in formats:
            raise Refused("signed pixels, of which nobody says what is black; save them unsigned")
        if formats - {UNSIGNED, UNDEFINED}:
            raise Refused("floating-point pixels; save it with 8 or 16 bits")


def _highest_value(image: Image.Image) -> int:
    """Return the value of white, negative where black and white are swapped."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return 2**16 - 1
    highest = int(2 ** _tag(image, BITS_PER_SAMPLE, 1)[0] - 1)
    return -highest if _tag(image, PHOTOMETRIC, 1)[0] == WHITE_IS_ZERO else highest


def _tag(image: TiffImagePlugin.TiffImageFile, number: int, default: int) -> tuple[int, ...]:
    value = image.tag_v2.get(number, default)
    return value if isinstance(value, tuple) else (value,)


def _scale_transparent_gray(image: Image.Image) -> None:
    """Scale the transparent grey of a PNG of 2 or 4 bits as its pixels are; Pillow leaves it as stored."""
    gray = image.info.get("transparency")
    if isinstance(image, PngImagePlugin.PngImageFile) and isinstance(gray, int) and image.tile:
        image.info["transparency"] = gray * {"L;2": 85, "L;4": 17}.get(str(image.tile[0].args), 1)


def _shallow(image: Image.Image) -> tuple[Pixels, Pixels | None, tuple[str, ...]]:
    """Return RGB and alpha of 8 bits; converted by stripes, so that memory holds no second copy."""
    transparent = image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info
    rgb = np.empty((image.height, image.width, 3), np.uint8)
    alpha = np.empty((image.height, image.width), np.uint8) if transparent else None
    to_srgb = icc.to_srgb(image.mode, image.info.get("icc_profile"))
    rows = max(1, STRIPE // image.width)
    for top in range(0, image.height, rows):
        box = (0, top, image.width, min(top + rows, image.height))
        stripe = image.crop(box) if rows < image.height else image
        stripe = to_srgb[0](stripe) if to_srgb else stripe.convert("RGBA" if transparent else "RGB")
        pixels = np.asarray(stripe)
        rgb[top : box[3]] = pixels[..., :3]
        if alpha is not None:
            alpha[top : box[3]] = pixels[..., 3]
    return rgb, alpha, (to_srgb[1],) if to_srgb else ()


def profile_of(image: Image.Image) -> tuple[bytes | None, tuple[str, ...]]:
    """Return a profile that describes RGB, and what of the file is left out."""
    notes = []
    if getattr(image, "is_animated", False):
        notes.append("only the first of its frames or pages is read")
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not profile or image.mode in ("CMYK", "LAB"):
        return None, tuple(notes)
    if icc.space(profile) == icc.RGB:
        return profile, tuple(notes)
    if image.mode[:2] in ("L", "LA", "I", "I;", "1") and (translated := icc.rgb_from_gray(profile)):
        return translated, tuple(notes)
    return None, (
        *notes,
        "its colour profile is dropped, since it does not describe the RGB that is written",
    )
