"""Pictures that `colorzoo data prepare --format packed` brought to one size."""

from __future__ import annotations

from functools import cached_property

from colorzoo.core.data.address import local_path
from colorzoo.core.data.packed import IMAGES, open_packed
from colorzoo.core.errors import DataError
from colorzoo.core.files import require_unchanged, stamp_of
from colorzoo.core.imaging.image_io import Pixels
from colorzoo.core.interfaces.dataset import Dataset, Sample, SourceInfo, require_split
from colorzoo.datasources.image_folder import SPLITS, in_split


class PackedFolder(Dataset):
    """The array of a prepared folder, mapped from disk; splits are those of a folder of files.

    Raises:
        DataError: it is no folder that `colorzoo data prepare --format packed` wrote, or damaged.
        UnknownNameError: there is no such split.
    """

    splits = SPLITS
    compared_split = "all"
    info = SourceInfo(title="Prepared pictures", license="as their source states")

    def __init__(self, location: str | None = None, split: str = "all") -> None:
        if not location:
            raise DataError("packed needs a folder that `colorzoo data prepare --format packed` wrote")
        self.location, self.split = location, require_split(split, self.splits)
        folder = local_path(location)
        self._images, self._ids = open_packed(folder)
        self._file, self._stamp = folder / IMAGES, stamp_of(folder / IMAGES)
        self._rows = [row for row, name in enumerate(self._ids) if in_split(name, split)]

    def __reduce__(self) -> tuple[type[PackedFolder], tuple[str, str]]:
        """Travel as an address: the array is mapped again, not sent."""
        return type(self), (self.location, self.split)

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: int) -> Sample:
        row = self._rows[index]
        return Sample(self._ids[row], self._images[row].copy())

    def ids(self) -> list[str]:
        return [self._ids[row] for row in self._rows]

    @property
    def fingerprint(self) -> str:
        require_unchanged(self._file, self._stamp)
        return self._combined

    @cached_property
    def _combined(self) -> str:
        return super().fingerprint

    def packed_array(self, size: int) -> tuple[Pixels, list[str]] | None:
        complete = len(self._rows) == len(self._ids)
        return (self._images, self._ids) if complete and self._images.shape[1] == size else None
