"""What the server asks of the models' process, as plain values that travel to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class StoredPicture:
    """A picture file in the server's folder: name is what messages call it, digest its sha256."""

    path: Path
    name: str
    digest: str


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
        digests = [self.picture.digest, *(one.digest for one in self.references)]
        return _digest([digests, self.model, self.weights, self.options, self.guidance])

    @property
    def alike(self) -> tuple[object, ...]:
        """What is equal for pictures that may go through a network together."""
        return self.model, self.weights, json.dumps(self.options, sort_keys=True, default=str)


@dataclass(frozen=True)
class Predict:
    """Predict and keep; the answer is a `Predicted`."""

    coloring: Coloring

    @cached_property
    def key(self) -> str:
        """Equal keys, equal answers."""
        return f"predict {self.coloring.key}"


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


@dataclass(frozen=True)
class Original:
    """Give the picture as it came, upright, as `Render` gives samples."""

    picture: StoredPicture
    side: int | None = None
    suffix: str = ".png"

    @cached_property
    def key(self) -> str:
        """Equal keys, equal answers."""
        return _digest(["original", self.picture.digest, self.side, self.suffix])


@dataclass(frozen=True)
class Suit:
    """Say what suits pictures; the answer is a pair of colorizer and weights."""

    pictures: tuple[StoredPicture, ...]

    @cached_property
    def key(self) -> str:
        """Equal keys, equal answers."""
        return _digest(["suit", [one.digest for one in self.pictures]])


Task = Predict | Render | Original | Suit


@dataclass(frozen=True)
class Predicted:
    """What a prediction is of: how many samples, how they were made, and what was left out."""

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


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=_plain).encode()).hexdigest()


def _plain(value: Any) -> object:
    return asdict(value) if hasattr(value, "__dataclass_fields__") else str(value)
