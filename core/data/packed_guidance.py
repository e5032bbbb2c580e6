"""What a dataset says of its pictures, moved with them where they are made square."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from colorzoo.core.interfaces.dataset import Dataset

if TYPE_CHECKING:
    from colorzoo.core.interfaces.guidance import Guidance  # which brings torch


class PackedGuidance:
    """The guidance of a dataset's pictures by their ids, for squares of a side and a fit."""

    def __init__(self, dataset: Dataset, side: int, fit: str) -> None:
        self.dataset, self.side, self.fit = dataset, side, fit
        self._sizes: dict[str, tuple[int, int]] = {}

    def of(self, name: str) -> Guidance:
        """Return what is said of a picture, hints in pixels of its square."""
        told = self.dataset.guidance(self._indices[name])
        return told.in_square(self._size(name), self.side, self.fit) if told.hints else told

    @cached_property
    def _indices(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.dataset.ids())}

    def _size(self, name: str) -> tuple[int, int]:
        """Return height and width of the stored picture, which is looked at once."""
        if name not in self._sizes:
            self._sizes[name] = self.dataset.load_at_least(self._indices[name], 1).size
        return self._sizes[name]


def packed_guidance(dataset: Dataset, side: int, fit: str) -> PackedGuidance | None:
    """Return what a dataset says of its pictures in squares; None where it says nothing."""
    return PackedGuidance(dataset, side, fit) if dataset.has_guidance else None
