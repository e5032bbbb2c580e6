"""Whatever Python calls a picture, as a `Picture`: each is right, or refused in one line."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from colorzoo.core.errors import ImageError, printable
from colorzoo.core.imaging import decoding, limits
from colorzoo.core.imaging.colored import ColoredPicture
from colorzoo.core.imaging.image_io import Picture, read
from colorzoo.core.imaging.pixel_arrays import from_array, from_tensor, is_tensor

if TYPE_CHECKING:
    from torch import Tensor

    PictureLike = (
        str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes]
        | npt.NDArray[Any] | Image.Image | Tensor | Picture
    )  # fmt: skip

EXPECTED = "a path, bytes, an open binary file, a numpy array, a PIL image, a torch tensor or a Picture"
MODES = {"1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV"}
MODES |= {"I", "I;16", "I;16L", "I;16B", "I;16N"}
"""Modes of PIL images whose white is known."""
MAX_BYTES = 2_000_000_000
"""Largest open file read: one without an end would fill the memory."""
DEPTHS = (np.dtype(np.uint8), np.dtype(np.uint16))
ADDRESS = re.compile(r"(https?|ftp|s3|gs|hf|file):/|data:\w+/", re.I)


def to_picture(given: PictureLike) -> Picture:
    """Return a picture of anything Python calls one; `from_array` and `from_tensor` say which pixels.

    Raises:
        ImageError: it is something else, has another shape, type or range, or cannot be decoded.
    """
    for kind, convert in CONVERSIONS:
        if isinstance(given, kind):
            return convert(given)
    if is_tensor(given):
        return from_tensor(given)
    if callable(getattr(given, "read", None)):
        return _from_file(given)
    raise ImageError(f"got {_type_name(given)}; expected {EXPECTED}{_advice_for(given)}")


def to_pictures(given: Sequence[Any]) -> list[Picture]:
    """Return the pictures of a list, all of them checked and decoded.

    Raises:
        ImageError: as in `to_picture`; the message says which item it is.
    """
    return [_item(number, value) for number, value in enumerate(given)]


def _item(number: int, value: Any) -> Picture:
    try:
        return to_picture(value)
    except ImageError as error:
        raise ImageError(f"item {number} of the list: {error}") from None


def _type_name(value: object) -> str:
    return "None" if value is None else type(value).__name__


def _advice_for(value: object) -> str:
    if isinstance(value, list | tuple):
        return "; lists of lists are not read, a list of numbers is numpy.array(...)"
    return "; make a list of it first" if isinstance(value, Iterator) else ""


def _from_path(given: str | os.PathLike[str]) -> Picture:
    path = os.fsdecode(given)
    if ADDRESS.match(path):
        shown = printable(path.partition(",")[0], 80)
        raise ImageError(f"{shown}: addresses are not read; download it, and give its path or its bytes")
    if not path:
        raise ImageError("got an empty path; expected the name of a picture file")
    return read(os.path.expanduser(path), name=path)  # noqa: PTH111  Path raises where there is no such user


def _from_bytes(data: bytes | bytearray | memoryview) -> Picture:
    return read(io.BytesIO(data), name=f"picture of {memoryview(data).nbytes:,} bytes")


def _from_file(file: Any) -> Picture:
    title = getattr(file, "name", None)
    name = printable(title) if isinstance(title, str) and title else "open file"
    if isinstance(file, io.TextIOBase):
        raise ImageError(f"{name}: opened as text; expected a binary file, open it with mode 'rb'")
    data = _content(file, name)
    if not isinstance(data, bytes):
        raise ImageError(f"{name}: its read() returned {_type_name(data)}, expected bytes")
    if len(data) > MAX_BYTES:
        raise ImageError(f"{name}: longer than {MAX_BYTES:,} bytes, expected one picture")
    return read(io.BytesIO(data), name=name)


def _content(file: Any, name: str) -> object:
    """Read an open file from its beginning, if it can go there, to its end."""
    try:
        if getattr(file, "seekable", bool)():
            file.seek(0)
        return file.read(MAX_BYTES + 1)
    except Exception as error:  # anybody's object may raise anything
        raise ImageError(f"{name}: cannot be read ({printable(str(error), 120)})") from None


def _from_pil(image: Image.Image) -> Picture:
    what = f"PIL image of mode {image.mode}, {image.width}x{image.height}"
    if image.mode not in MODES:
        raise ImageError(f"{what}; expected a mode such as L, RGB, RGBA or I;16: image.convert('RGB')")
    if 0 in image.size:
        raise ImageError(f"empty {what}")
    with decoding.image_errors(what):
        _check_deep(image)
        decoded = decoding.converted(image, image.size, in_place=False)
    return Picture(decoded.pixels, decoded.alpha, decoded.profile, decoded.notes)


def _check_deep(image: Image.Image) -> None:
    """Refuse grey of 32 bits in memory, which does not say what is white, beyond 16 bits."""
    if image.mode == "I" and type(image) is Image.Image:
        values = np.asarray(image)
        low, high = int(values.min()), int(values.max())
        if low < 0 or high > 65535:
            raise limits.Refused(f"values from {low} to {high}; expected 0 to 65535")


def _from_result(colored: ColoredPicture) -> Picture:
    """Return what `colorize` returned, with its alpha; what was cut or computed from it is an array."""
    return from_array(colored.rgb) if colored.record is None else _checked(colored.picture)


def _checked(picture: Picture) -> Picture:
    """Return a picture that anybody may have built by hand."""
    pixels = picture.pixels
    _check_plane(pixels, "pixels", (*getattr(pixels, "shape", ())[:2], 3), DEPTHS, "(H, W, 3)")
    if picture.alpha is not None:
        _check_plane(picture.alpha, "alpha", pixels.shape[:2], (pixels.dtype,), "(H, W) of its pixels")
    if not pixels.size:
        raise ImageError(f"empty Picture with shape {pixels.shape}")
    return picture


def _check_plane(
    pixels: object, name: str, shape: tuple[int, ...], depths: Sequence[np.dtype[Any]], expected: str
) -> None:
    wanted = f"{' or '.join(str(depth) for depth in depths)} {expected}"
    if not isinstance(pixels, np.ndarray):
        raise ImageError(f"a Picture's {name} is {_type_name(pixels)}; expected {wanted}")
    if pixels.dtype not in depths or pixels.shape != shape:
        got = f"{pixels.dtype} with shape {pixels.shape}"
        raise ImageError(f"a Picture's {name} is {got}; expected {wanted}")


CONVERSIONS: tuple[tuple[type | tuple[type, ...], Callable[[Any], Picture]], ...] = (
    (Picture, _checked),
    ((str, os.PathLike), _from_path),
    ((bytes, bytearray, memoryview), _from_bytes),
    (Image.Image, _from_pil),
    (ColoredPicture, _from_result),
    (np.ndarray, from_array),
)
"""What is told by its type; an array that is a colouring stands before the others."""
