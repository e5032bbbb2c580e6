"""What a client sent, a picture or a book, and what is seen of a file without decoding it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO

from colorzoo.core.errors import ImageError, printable
from colorzoo.core.imaging.decoding import identified, image_errors
from colorzoo.core.imaging.limits import bound_pixels, bound_scans
from colorzoo.web.coloring_tasks import StoredPicture

KEPT = (".jpg", ".png", ".tif", ".webp")
"""Formats in which colours go back as they came; the others become png."""
LONGEST_NAME = 120


@dataclass
class Book:
    """A file of several pictures, alone in a folder; ending: of what it is written as."""

    id: str
    stored: StoredPicture
    bytes: int
    ending: str = ""
    pages: list[Upload] = field(default_factory=list)


@dataclass
class Upload:
    """A picture of a client; suffix: of the format in which its colours go back.

    width, height: 0 where they are not known yet, as of a page of a book.
    """

    id: str
    stored: StoredPicture
    suffix: str
    width: int
    height: int
    bytes: int
    book: Book | None = None
    used: float = field(default_factory=time.monotonic)

    def touch(self) -> None:
        """Note that it is used, and with it all of its book."""
        for upload in self.book.pages if self.book else [self]:
            upload.used = time.monotonic()


def may_be_book(data: IO[bytes]) -> bool:
    """Return whether a file may hold several pictures: it moves, has several pages, or is no picture."""
    data.seek(0)
    try:
        with image_errors(""):
            return bool(getattr(identified(data), "is_animated", False))
    except ImageError:
        return True


def probe(name: str, data: IO[bytes], max_pixels: int) -> tuple[int, int, str]:
    """Return width, height and suffix of a picture without decoding its pixels.

    Raises:
        ImageError: no picture that is read, or too large.
    """
    data.seek(0)
    with image_errors(name):
        image = identified(data)
        bound_pixels(*image.size, max_pixels)
        bound_scans(image, data)
        suffix = f".{(image.format or 'png').lower()}".replace(".jpeg", ".jpg").replace(".tiff", ".tif")
        return image.width, image.height, suffix if suffix in KEPT else ".png"


def plain_name(name: str) -> str:
    """Return what a client calls a file as a plain name that any system can hold."""
    last = PurePosixPath(printable(name, 4096).replace("\\", "/")).name
    safe = "".join(c if c.isalnum() or c in " ._-()+,~" else "_" for c in last).strip(" .")
    return safe[-LONGEST_NAME:] or "picture"
