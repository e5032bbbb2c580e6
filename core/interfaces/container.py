"""What holds several pictures, a book, an animation or a film: read page by page, written with others.

A plugin announces one by `register_containers`, with the endings of its files in `Entry.suffixes`; content
decides among those of one ending (`Container.accepts`). What is coloured, kept from a kill and counted is
the engine's (`colorzoo.jobs.run_books`), so a container opens, reads and writes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from pydantic import Field

from colorzoo.core.config import Settings
from colorzoo.core.errors import ConfigError, printable
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.imaging.limits import MAX_PIXELS


@dataclass(frozen=True)
class Page:
    """One picture of a container, not decoded yet; a frame may have been.

    name: what messages call it. read: returns the picture, upright, or raises ImageError; called at
    most once before the next page is taken. digest: one for what is stored, by which a coloured page is
    kept until the container is written; empty where that is not worth it, as for frames of a film.
    """

    name: str
    read: Callable[[], Picture]
    digest: str = ""


class VideoOptions(Settings):
    """What is asked of a video: which part is coloured, and how well it is encoded."""

    start: float = Field(0, ge=0, description="seconds from its beginning")
    end: float | None = Field(None, gt=0, description="seconds from its beginning; None: to its end")
    crf: int | None = Field(
        None, ge=0, le=63, description="constant rate factor of the encoder; less is better"
    )

    def given(self) -> dict[str, Any]:
        """Return what differs from the defaults, by name."""
        return self.model_dump(exclude_defaults=True)


WHOLE = VideoOptions()
"""All of a video, as well encoded as by default."""


class Container(ABC):
    """A file of several pictures in an order; opening checks all that can be checked without decoding.

    What is untrusted stays harmless: nothing is unpacked to paths that a file names, sizes and numbers
    are bounded before memory is asked for, nothing in it is executed.

    Raises:
        DataError: the file is absent, damaged, encrypted, or asks for too much; one line that names it.
        MissingExtraError: what reads it is not installed.
    """

    sequence: ClassVar[bool] = False
    """Whether its pictures are frames, whose colours agree from one to the next; else they are pages."""
    written_as: ClassVar[str] = ""
    """Ending of what `write` makes, where it is not the ending of the file: ".cbz" of a cbr."""

    part_length: ClassVar[int] = 0
    """How many pages `resume` keeps together; 0 where it keeps none."""
    max_pixels: ClassVar[int] = MAX_PIXELS
    """Largest page that is read; a process for strangers lowers it on this class."""
    max_bytes: ClassVar[int] = 2**40
    """Most bytes that a file may unpack to, likewise."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        """What of the file was left out when it was written, each a clause."""

    def configure(self, options: VideoOptions) -> None:
        """Take what is asked of a video, before anything else.

        Raises:
            ConfigError: something is asked, and this is none, or it cannot be met.
        """
        for name in options.given():
            raise ConfigError(f"--{name}: {printable(str(self.path))} is no video; leave it out")

    @classmethod
    @abstractmethod
    def accepts(cls, path: Path) -> bool:
        """Say by its content, fast and without its library, whether an existing file is one of these."""

    @property
    @abstractmethod
    def page_count(self) -> int | None:
        """How many pages there are, for progress; None if that is not known before the end."""

    @abstractmethod
    def pages(self) -> Iterator[Page]:
        """Yield the pages in reading order, from the first at every call; one is held at a time.

        Raises:
            DataError: the file turns out to be damaged.
        """

    def some_pages(self, count: int) -> Iterator[Page]:
        """Yield a few pages to be looked at, as far as it is cheap from all over it."""
        return islice(self.pages(), count)

    def resume(self, folder: Path) -> int:
        """Keep parts in a folder as `write` finishes them; return how many first pages are there already.

        `write` then takes and gives the pages after those, and joins all parts.
        """
        return 0

    def pages_after(self, count: int) -> Iterator[Page]:
        """Yield the pages after the first ones."""
        return islice(self.pages(), count, None)

    @abstractmethod
    def write(self, target: Path, colored: Iterable[Picture | None]) -> None:
        """Write the container with coloured pictures in place of its own, everything else untouched.

        target: a file that the engine puts in its place when this returns; its name says nothing.
        colored: one a page, in order, pulled as they are written, each of its page's size; None leaves
        a page as it is, byte for byte where the format can.

        Raises:
            DataError: the file turns out to be damaged. ImageError: a picture cannot be written in it.
        """

    def close(self) -> None:  # noqa: B027  most have nothing open
        """Close what is open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
