"""What a dataset says of the pictures that are compared, and what results depend on of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from colorzoo.core.interfaces.dataset import Dataset, counted
from colorzoo.core.interfaces.guidance import Guidance

SAYING = "reading what is said of the pictures"
FAILED = "unreadable"
"""Stands for the digest of what cannot be read; measuring the picture tells why."""


@dataclass(frozen=True)
class SourceGuidance:
    """The digest of what is said of every picture, in order, and the fields that say something."""

    digests: Sequence[str] = ()
    fields: frozenset[str] = frozenset()

    @classmethod
    def of(cls, dataset: Dataset) -> SourceGuidance:
        """Return what a dataset says, once all of it was read."""
        if not dataset.has_guidance:
            return cls()
        digests, fields = [], set[str]()
        for index in counted(SAYING, range(len(dataset))):
            told = _said(dataset, index)
            digests.append(told.digest if told else FAILED)
            fields |= told.given() - {"id", "seed"} if told else set()
        return cls(digests, frozenset(fields)) if any(digests) else cls()

    @property
    def fingerprint(self) -> str:
        """The sha256 over all digests, empty where nothing is said."""
        return hashlib.sha256("\n".join(self.digests).encode()).hexdigest() if self.digests else ""

    @property
    def words(self) -> str:
        """What is said, in words; empty where nothing is."""
        return f"{', '.join(sorted(self.fields))} of the dataset" if self.fields else ""

    def of_index(self, index: int) -> list[str]:
        """Return what the key of a picture's row depends on; nothing where nothing is said."""
        return [f"said {self.digests[index]}"] if self.digests and self.digests[index] else []


def _said(dataset: Dataset, index: int) -> Guidance | None:
    try:
        return dataset.guidance(index)
    except Exception:  # a source may raise anything for a damaged picture
        return None
