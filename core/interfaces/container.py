"""What holds several pictures, a book, an animation or a film: read page by page, written with others.

A plugin announces one by `register_containers`, with the endings of its files in `Entry.suffixes`; content
decides among those of one ending (`Container.accepts`). What is coloured, kept from a kill and counted is
the engine's (`colorzoo.jobs.run_books`), so a container opens, reads and writes.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from colorzoo.core.imaging.image_io import Picture


@dataclass(frozen=True)
class Page:
    """One picture of a container, not decoded yet; a frame may have been.

    name: what messages call it. read: returns the picture, upright, or raises ImageError; called at
    most once before the next page is taken. digest: sha256 of what is stored, by which a coloured page is
    kept until the container is written; empty where that is not worth it, as for frames of a film.
    """

    name: str
    read: Callable[[], Picture]
    digest: str = ""


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

    def __init__(self, path: Path) -> None:
        self.path = path

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
