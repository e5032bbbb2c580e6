"""What the server asks of the models' process, as plain values that travel to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar


@dataclass(frozen=True)
class StoredPicture:
    """A picture file in the server's folder: name is what messages call it, digest its sha256.

    page: of a book, whose file it is then, from 0. film: whether the pages of the book are frames.
    """

    path: Path
    name: str
    digest: str
    page: int | None = None
    film: bool = False

    @property
    def key(self) -> str:
        """What equal pictures have in common."""
        return self.digest if self.page is None else f"{self.digest} {self.page}"


@dataclass(frozen=True)
class Coloring:
    """A picture with all that its colours depend on: validated options with a seed, guidance as JSON."""

    picture: StoredPicture
    model: str
    weights: str | None
    options: Mapping[str, Any]
    guidance: Mapping[str, Any] = field(default_factory=dict)
    references: tuple[StoredPicture, ...] = ()

    @cached_property
    def key(self) -> str:
        """What equal colourings have in common, whatever their files are called."""
        digests = [self.picture.key, *(one.key for one in self.references)]
        return _digest([digests, self.model, self.weights, self.options, self.guidance])

    @property
    def alike(self) -> tuple[object, ...]:
        """What is equal for pictures that may go through a network together."""
        return self.model, self.weights, json.dumps(self.options, sort_keys=True, default=str)


@dataclass(frozen=True)
class Predict:
    """Predict and keep; the answer is a `Predicted`. spare_color: unless it has colour already."""

    coloring: Coloring
    spare_color: bool = False

    @cached_property
    def key(self) -> str:
        """Equal keys, equal answers."""
        return f"predict {self.coloring.key} {self.spare_color}"

    @property
    def pictures(self) -> int:
        """How many pictures are looked at, at most."""
        return _frames(self.coloring)


@dataclass(frozen=True)
class Render:
    """Give a sample as a file of a suffix, with the longest side at most `side`; the answer is bytes.

    book: the pages that it agrees with.
    """

    coloring: Coloring
    sample: int = 0
    side: int | None = None
    suffix: str = ".png"
    book: tuple[Coloring, ...] = ()

    @cached_property
    def key(self) -> str:
        """Equal keys, equal answers."""
        pages = [page.key for page in self.book]
        return _digest(["render", self.coloring.key, self.sample, self.side, self.suffix, pages])

    @property
    def pictures(self) -> int:
        """How many pictures are looked at, at most."""
        return _frames(self.coloring) + len(self.book)


@dataclass(frozen=True)
class Original:
    """Give the picture as it came, upright, as `Render` gives samples."""

    picture: StoredPicture
    side: int | None = None
    suffix: str = ".png"
    pictures: ClassVar[int] = 1

    @cached_property
    def key(self) -> str:
        """Equal keys, equal answers."""
        return _digest(["original", self.picture.key, self.side, self.suffix])


@dataclass(frozen=True)
class Suit:
    """Say what suits pictures; the answer is a pair of colorizer and weights."""

    files: tuple[Path, ...]
    books: tuple[Path, ...] = ()
    pictures: ClassVar[int] = 1

    @cached_property
    def key(self) -> str:
        """Equal keys, equal answers."""
        return _digest(["suit", self.files, self.books])


@dataclass(frozen=True)
class OpenBook:
    """Open a file that may hold several pictures; the answer is a `BookContent`, None if it is no such."""

    book: StoredPicture
    pictures: ClassVar[int] = 1

    @cached_property
    def key(self) -> str:
        """Equal keys, equal answers."""
        return _digest(["open", self.book.path])


@dataclass(frozen=True)
class WriteBook:
    """Write a book to a file with the pixels of PNG files in place of its pages, None: of its own."""

    book: StoredPicture
    pages: tuple[Path | None, ...]
    target: Path

    @cached_property
    def key(self) -> str:
        """Equal keys, equal answers."""
        return _digest(["write", self.target])

    @property
    def pictures(self) -> int:
        """How many pictures are looked at, at most."""
        return len(self.pages)


Task = Predict | Render | Original | Suit | OpenBook | WriteBook
"""Each has a key, equal for equal answers, and says how many pictures it looks at."""


@dataclass(frozen=True)
class BookContent:
    """What a book holds: names of its pages; ending: of what it is written as. film: they are frames."""

    names: tuple[str, ...]
    ending: str
    film: bool


@dataclass(frozen=True)
class Predicted:
    """What a prediction is of: how many samples, how they were made, and what was left out.

    No samples: the page has colour already.
    """

    samples: int
    height: int
    width: int
    record: Mapping[str, Any]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failed:
    """An error of the models' process: the name of its class, and a message without paths."""

    error: str
    message: str


def _frames(coloring: Coloring) -> int:
    """Return how many pictures a prediction looks at: of a film all frames before it."""
    return 1 + (coloring.picture.page or 0) * coloring.picture.film


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=_plain).encode()).hexdigest()


def _plain(value: Any) -> object:
    return asdict(value) if hasattr(value, "__dataclass_fields__") else str(value)
