"""Datasets made of others: some pictures of one, or several as one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from colorzoo.core.interfaces.dataset import (
    Dataset,
    Sample,
    SourceInfo,
    combined_digest,
    hash_fraction,
)

if TYPE_CHECKING:
    from colorzoo.core.interfaces.guidance import Guidance  # which brings torch


class Subset(Dataset):
    """Some pictures of a dataset: the first `count` in the order of their ids' hashes, always the same."""

    def __init__(self, whole: Dataset, count: int) -> None:
        self.whole, self.info, self.split = whole, whole.info, whole.split
        ids = whole.ids()
        chosen = sorted(range(len(ids)), key=lambda index: hash_fraction(ids[index]))[:count]
        self.indices = sorted(chosen)
        self._ids = [ids[index] for index in self.indices]

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Sample:
        return self.whole[self.indices[index]]

    def load_at_least(self, index: int, side: int) -> Sample:
        return self.whole.load_at_least(self.indices[index], side)

    def digest(self, index: int) -> str:
        return self.whole.digest(self.indices[index])

    def ids(self) -> list[str]:
        return list(self._ids)

    def sequences(self) -> Sequence[Sequence[int]]:
        own = {index: number for number, index in enumerate(self.indices)}
        return [[own[index] for index in one if index in own] for one in self.whole.sequences()]

    def guidance(self, index: int) -> Guidance:
        return self.whole.guidance(self.indices[index])

    @property
    def has_guidance(self) -> bool:
        return self.whole.has_guidance


class ConcatDataset(Dataset):
    """Several datasets as one; every id begins with the number of its part."""

    def __init__(self, parts: Sequence[Dataset]) -> None:
        self.parts = list(parts)
        self.split = "+".join(dict.fromkeys(part.split for part in parts))
        self._ends = list(accumulate(map(len, parts)))
        infos = [part.info for part in parts]
        self.info = SourceInfo(
            title=", ".join(dict.fromkeys(info.title for info in infos)),
            license="; ".join(dict.fromkeys(info.license for info in infos)),
            credit="; ".join(dict.fromkeys(info.credit for info in infos if info.credit)),
        )

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, index: int) -> Sample:
        part, inner = self._locate(index)
        return self._renamed(part, self.parts[part][inner])

    def load_at_least(self, index: int, side: int) -> Sample:
        part, inner = self._locate(index)
        return self._renamed(part, self.parts[part].load_at_least(inner, side))

    def digest(self, index: int) -> str:
        part, inner = self._locate(index)
        return self.parts[part].digest(inner)

    def ids(self) -> list[str]:
        return [f"{index}/{name}" for index, part in enumerate(self.parts) for name in part.ids()]

    def sequences(self) -> Sequence[Sequence[int]]:
        starts = [0, *self._ends]
        parts = zip(starts, self.parts, strict=False)
        return [[start + index for index in one] for start, part in parts for one in part.sequences()]

    def guidance(self, index: int) -> Guidance:
        part, inner = self._locate(index)
        return self.parts[part].guidance(inner)

    @property
    def has_guidance(self) -> bool:
        return any(part.has_guidance for part in self.parts)

    @property
    def fingerprint(self) -> str:
        return combined_digest((str(index), part.fingerprint) for index, part in enumerate(self.parts))

    def _locate(self, index: int) -> tuple[int, int]:
        """Return the part and the index in it."""
        index = range(len(self))[index]
        part = bisect_right(self._ends, index)
        return part, index - (self._ends[part] - len(self.parts[part]))

    @staticmethod
    def _renamed(part: int, sample: Sample) -> Sample:
        return Sample(f"{part}/{sample.id}", sample.image, sample.original)
