"""Pictures that `colorzoo data prepare --format packed` brought to one size."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from colorzoo.core.dataset import Dataset, Sample, SourceInfo, check_split, combine, sha256_of
from colorzoo.core.errors import DataError
from colorzoo.core.images import Pixels
from colorzoo.core.packed import open_packed
from colorzoo.datasources.folder import SPLITS, in_split


class PackedFolder(Dataset):
    """The array of a prepared folder, mapped from disk; splits are those of a folder of files."""

    splits = SPLITS
    compared_split = "all"
    info = SourceInfo(title="Prepared pictures", licence="as their source states")

    def __init__(self, location: str | None = None, split: str = "all") -> None:
        if not location:
            raise DataError("packed needs a folder that `colorzoo data prepare --format packed` wrote")
        check_split(split, self.splits)
        self.split = split
        self._images, self._ids = open_packed(Path(location).expanduser())
        self._rows = [row for row, name in enumerate(self._ids) if in_split(name, split)]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Sample:
        row = self._rows[index]
        return Sample(self._ids[row], self._images[row].copy())

    def ids(self) -> list[str]:
        return [self._ids[row] for row in self._rows]

    @cached_property
    def fingerprint(self) -> str:
        return combine((self._ids[row], sha256_of(self._images[row])) for row in self._rows)

    def as_packed(self, size: int) -> tuple[Pixels, list[str]] | None:
        whole = len(self._rows) == len(self._ids)
        return (self._images, self._ids) if whole and self._images.shape[1] == size else None
