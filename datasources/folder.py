"""Pictures below a folder."""

from __future__ import annotations

from pathlib import Path

from colorzoo.core.dataset import FileDataset, SourceInfo, check_split, picture_files, share
from colorzoo.core.errors import DataError

TEST_SHARE = 0.1


class Folder(FileDataset):
    """Every picture below a folder, in the order of the relative paths.

    Split by the hash of the file's folder and stem, so a picture stays where it is when others come.
    """

    splits = ("all", "train", "test")
    info = SourceInfo(title="Pictures of a folder", licence="unknown")

    def __init__(self, location: str | None = None, split: str = "all") -> None:
        if not location:
            raise DataError("folder needs a path: --data folder:PATH, or just the path")
        root = Path(location).expanduser()
        check_split(split, self.splits)
        files = picture_files(root)
        if split != "all":
            files = [file for file in files if self._is_test(root, file) == (split == "test")]
        super().__init__(root, files)
        self.split = split

    @staticmethod
    def _is_test(root: Path, file: Path) -> bool:
        return share(file.relative_to(root).with_suffix("").as_posix()) < TEST_SHARE
