"""What Pillow says of a file of several pictures, and frames handed to it one by one."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np
from PIL import Image

from colorzoo.core.errors import ColorzooError, DataError, printable
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.imaging.picture import to_eight_bits
from colorzoo.core.interfaces.container import Container
from colorzoo.core.isolation import reason

MAX_FRAMES = 100_000


@contextmanager
def damage(path: Path) -> Iterator[None]:
    """Turn what Pillow raises at damaged files, which is anything, into one line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata is harmless
            yield
    except ColorzooError:
        raise
    except Exception as error:
        text = printable(reason(error), 120) or type(error).__name__
        raise DataError(f"{printable(str(path))}: damaged ({text})") from None


def frame_count(path: Path, format: str) -> int:
    """Return how many frames a file has, 0 if it is none of that format or damaged."""
    with suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Image.open(path, formats=[format]) as image:
            return int(getattr(image, "n_frames", 1))
    return 0


def open_frames(path: Path, format: str) -> Image.Image:
    """Open a file of several pictures, whose number and size are bounded.

    Raises:
        DataError: it is damaged, or too large.
    """
    with damage(path), ExitStack() as stack:
        image = stack.enter_context(Image.open(path, formats=[format]))
        frames = int(getattr(image, "n_frames", 1))
        if frames > MAX_FRAMES or image.width * image.height > Container.max_pixels:
            size = f"{frames:,} frames of {image.width}x{image.height} pixels"
            raise DataError(f"{printable(str(path))}: {size}, too large; make it smaller first")
        stack.pop_all()
        return image


def picture_of(image: Image.Image) -> Picture:
    """Return the current frame: RGB, and alpha if it has any."""
    if image.has_transparency_data:
        pixels = np.asarray(image.convert("RGBA"))
        if pixels[..., 3].min() < 255:
            return Picture(pixels[..., :3].copy(), pixels[..., 3].copy())
    return Picture(np.array(image.convert("RGB")))


def image_of(picture: Picture) -> Image.Image:
    """Return a picture as Pillow holds it."""
    image = Image.fromarray(picture.rgb)
    if picture.alpha is not None:
        image.putalpha(Image.fromarray(to_eight_bits(picture.alpha)))
    return image


class LazyFrames(Image.Image):
    """An image of several frames that Pillow walks through once as it writes; each is made in its turn."""

    def __init__(self, frames: Iterator[Image.Image], count: int) -> None:
        super().__init__()
        self._frames, self._at = frames, -1
        self.n_frames, self.is_animated = count, count > 1
        self.seek(0)

    def seek(self, frame: int) -> None:
        while self._at < frame:
            image = next(self._frames, None)
            if image is None:
                raise EOFError("no more frames")
            self._at += 1
            self.im, self._mode, self._size = image.im, image.mode, image.size

    def tell(self) -> int:
        return self._at
