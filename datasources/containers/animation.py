"""Animations: GIF, WebP and PNG; the time of each frame and how often they are shown stay."""

from __future__ import annotations

import struct
from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import IO, Any, ClassVar, NamedTuple

import numpy as np
from PIL import Image

from colorzoo.core.errors import DataError, printable
from colorzoo.core.imaging.image_io import Picture, encode
from colorzoo.core.interfaces.container import Container, Page
from colorzoo.datasources.containers.frames import (
    LazyFrames,
    damage,
    frame_count,
    image_of,
    open_frames,
    picture_of,
)
from colorzoo.datasources.containers.png_chunks import SIGNATURE, chunk, chunks, compressed_rows
from colorzoo.datasources.containers.zip_book import head

MOST_GIF_PIXELS = 1_000_000_000
"""Of all frames of a GIF, which are held, a byte each, until it is written."""
COPIED = (b"iCCP", b"sRGB", b"gAMA", b"cHRM", b"tEXt", b"iTXt", b"zTXt", b"eXIf", b"pHYs", b"tIME")
"""Chunks of a PNG that are true of the coloured one too."""


class Animation(Container):
    """Base of the animations. A frame that stays as it is, is written as it was shown."""

    sequence = True
    format: ClassVar[str]

    @classmethod
    def accepts(cls, path: Path) -> bool:
        return frame_count(path, cls.format) > 1

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with open_frames(path, self.format) as image:
            self._count, self._size = int(getattr(image, "n_frames", 1)), image.size

    @property
    def page_count(self) -> int | None:
        return self._count

    def pages(self) -> Iterator[Page]:
        return self.pages_after(0)

    def pages_after(self, count: int) -> Iterator[Page]:
        with open_frames(self.path, self.format) as image, damage(self.path):
            for number in range(count, self._count):
                image.seek(number)
                yield Page(f"frame {number + 1}", partial(picture_of, image.copy()))

    def write(self, target: Path, colored: Iterable[Picture | None]) -> None:
        with open_frames(self.path, self.format) as image, damage(self.path):
            timing = Timing.of(image, self._count)
            with target.open("wb") as out:
                self._save(out, image, self._frames(image, colored), timing)

    def _frames(self, image: Image.Image, colored: Iterable[Picture | None]) -> Iterator[Picture]:
        for number, picture in enumerate(colored):
            if picture is None:
                image.seek(number)
            yield picture if picture is not None else picture_of(image)

    @abstractmethod
    def _save(self, out: IO[bytes], image: Image.Image, frames: Iterator[Picture], timing: Timing) -> None:
        """Write frames in the place of an image's own."""


class Timing(NamedTuple):
    """How frames are shown.

    milliseconds: of each. loop: how often all are shown, 0 for ever, None if that is not said. clear:
    whether something is transparent, so that no frame may shine through the next.
    """

    milliseconds: list[float]
    loop: int | None
    clear: bool

    @classmethod
    def of(cls, image: Image.Image, count: int) -> Timing:
        """Return what is said of the frames of an image."""
        loop, times, clear = image.info.get("loop"), [], False
        for number in range(count):
            image.seek(number)
            image.load()  # only now a WebP says how long
            times.append(image.info.get("duration", 0))
            clear = clear or picture_of(image).alpha is not None
        return cls(times, loop, clear)

    def given(self) -> dict[str, Any]:
        """Return it as Pillow's writers take it."""
        loop = {} if self.loop is None else {"loop": self.loop}
        return {"duration": self.milliseconds, **loop}


class Gif(Animation):
    """An animated GIF: at most 256 colours a frame, which the format allows."""

    format = "GIF"

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        if self._count * self._size[0] * self._size[1] > MOST_GIF_PIXELS:
            raise DataError(
                f"{printable(str(path))}: more than {MOST_GIF_PIXELS:,} pixels in all its frames"
            )

    def _save(self, out: IO[bytes], image: Image.Image, frames: Iterator[Picture], timing: Timing) -> None:
        comment = {"comment": image.info["comment"]} if image.info.get("comment") else {}
        lazy = LazyFrames(map(image_of, frames), self._count)
        options = {**timing.given(), **comment, "disposal": 2 if timing.clear else 1}
        lazy.save(out, "GIF", save_all=True, optimize=False, **options)


class WebP(Animation):
    """An animated WebP, with losses where it had some."""

    format = "WEBP"

    def _save(self, out: IO[bytes], image: Image.Image, frames: Iterator[Picture], timing: Timing) -> None:
        lossless = b"VP8L" in head(self.path, 2**16)
        kept = {key: image.info[key] for key in ("icc_profile", "exif", "xmp") if image.info.get(key)}
        lazy = LazyFrames(map(image_of, frames), self._count)
        options = {**timing.given(), **kept, "lossless": lossless, "quality": 0 if lossless else 90}
        lazy.save(out, "WEBP", save_all=True, method=0 if lossless else 4, **options)


class Apng(Animation):
    """An animated PNG, written without losses, frame by frame."""

    format = "PNG"

    @classmethod
    def accepts(cls, path: Path) -> bool:
        return b"acTL" in head(path, 2**18) and super().accepts(path)

    def _save(self, out: IO[bytes], image: Image.Image, frames: Iterator[Picture], timing: Timing) -> None:
        apart = bool(image.info.get("default_image"))  # the first one is only for who shows no animations
        number = 0
        for index, (picture, time) in enumerate(zip(frames, timing.milliseconds, strict=True)):
            png = encode(_with_alpha(picture) if timing.clear else picture, ".png")
            rows = compressed_rows(png)
            if index == 0:
                out.write(SIGNATURE + chunk(b"IHDR", next(chunks(png))[1]))
                out.write(chunk(b"acTL", struct.pack(">II", self._count - apart, timing.loop or 0)))
                out.write(b"".join(self._copied()))
            if index or not apart:
                height, width = picture.size
                delay = Fraction(time / 1000).limit_denominator(65_535)
                control = (
                    number,
                    width,
                    height,
                    0,
                    0,
                    min(delay.numerator, 65_535),
                    delay.denominator,
                    0,
                    0,
                )
                out.write(chunk(b"fcTL", struct.pack(">5I2H2B", *control)))
                number += 1
            if index == 0:
                out.write(chunk(b"IDAT", rows))
            else:
                out.write(chunk(b"fdAT", struct.pack(">I", number) + rows))
                number += 1
        out.write(chunk(b"IEND", b""))

    def _copied(self) -> Iterator[bytes]:
        """Yield the chunks of the file that are true of the result too."""
        for kind, content in chunks(head(self.path, 2**24)):
            if kind == b"IDAT":
                return
            if kind in COPIED:
                yield chunk(kind, content)


def _with_alpha(picture: Picture) -> Picture:
    opaque = np.full(picture.size, np.iinfo(picture.pixels.dtype).max, picture.pixels.dtype)
    return picture if picture.alpha is not None else replace(picture, alpha=opaque)
