"""Pictures below a folder, and single pictures."""

from __future__ import annotations

from pathlib import PurePosixPath

from colorzoo.core.data.address import local_path
from colorzoo.core.errors import DataError
from colorzoo.core.imaging.image_io import SUFFIXES
from colorzoo.core.interfaces.dataset import (
    FileDataset,
    SourceInfo,
    hash_fraction,
    picture_files,
    require_split,
)

TEST_SHARE = 0.1
SPLITS = ("all", "train", "test")


class Folder(FileDataset):
    """Every picture below a folder, in the order of the relative paths.

    Split by the hash of the file's folder and stem, so a picture stays in its split when others come.

    Raises:
        DataError: there is no such folder.
        UnknownNameError: there is no such split.
    """

    splits = SPLITS
    compared_split = "all"
    info = SourceInfo(title="Pictures of a folder", license="unknown")

    def __init__(self, location: str | None = None, split: str = "all") -> None:
        if not location:
            raise DataError("folder needs a path: --data folder:PATH, or just the path")
        root = local_path(location)
        require_split(split, self.splits)
        files = picture_files(root)
        super().__init__(root, files)
        self.files = [file for file in files if in_split(self._id(file), split)]
        self.split = split


class OnePicture(FileDataset):
    """One picture file, which is all there is of it.

    Raises:
        DataError: there is no such file, or it is none of a picture.
        UnknownNameError: there is no such split.
    """

    compared_split = "all"
    info = SourceInfo(title="One picture", license="unknown")

    def __init__(self, location: str | None = None, split: str = "all") -> None:
        if not location:
            raise DataError("picture needs a file: --data picture:FILE, or just the file")
        file = local_path(location)
        require_split(split, self.splits)
        if not file.is_file():
            raise DataError(f"{file}: no such file")
        if file.suffix.lower() not in SUFFIXES:
            raise DataError(f"{file}: no picture; expected a file ending in {', '.join(SUFFIXES)}")
        super().__init__(file.parent, [file])


def in_split(name: str, split: str) -> bool:
    """Return whether the picture of that relative path is in the split."""
    is_test = hash_fraction(PurePosixPath(name).with_suffix("").as_posix()) < TEST_SHARE
    return split == "all" or is_test == (split == "test")
