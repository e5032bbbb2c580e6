"""Pages of comics and manga, in one folder per chapter."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from colorzoo.core.data.address import local_path
from colorzoo.core.data.statistics import image_statistics
from colorzoo.core.errors import DataError
from colorzoo.core.imaging.image_io import Pixels, read
from colorzoo.core.interfaces.dataset import (
    Dataset,
    FileDataset,
    Sample,
    SourceInfo,
    combined_digest,
    hash_fraction,
    picture_files,
    require_split,
)

TEST_SHARE, VALIDATION_SHARE = 0.2, 0.16
"""Expected shares of the chapters: to measure on once, and to choose settings on."""
MIN_MEAN_CHROMA = 8.0
"""Pages with a lower mean of max(R, G, B) - min(R, G, B), of 255, count as black and white (3)."""


class Pages(FileDataset):
    """Colour pages; a chapter, the folder that holds them, is in one split only.

    Pages without colour, and broken ones, are left out and counted: only coloured ones teach anything.

    Raises:
        DataError: there is no such folder.
        UnknownNameError: there is no such split.
    """

    splits = ("train", "val", "test", "all")
    info = SourceInfo(title="Pages of comics", license="as their source states")

    def __init__(self, location: str | None = None, split: str = "train") -> None:
        if not location:
            raise DataError("pages needs a folder of chapters: pages:PATH")
        root = local_path(location)
        self.split = require_split(split, self.splits)
        files = [f for f in picture_files(root) if split in ("all", self._split_of(root, f))]
        measured = zip(files, image_statistics(root, files), strict=True)
        readable = {file: statistics for file, statistics in measured if statistics}
        self.statistics = {f: row for f, row in readable.items() if row.chroma >= MIN_MEAN_CHROMA}
        super().__init__(root, list(self.statistics))
        self.left_out, self.broken = len(readable) - len(self.files), len(files) - len(readable)

    @property
    def chapters(self) -> list[str]:
        """Names of the chapters, in order."""
        return sorted({_chapter(self.root, file) for file in self.files})

    @property
    def notes(self) -> dict[str, object]:
        counts: dict[str, object] = {"chapters": len(self.chapters), "colourless left out": self.left_out}
        return counts | ({"broken left out": self.broken} if self.broken else {})

    @staticmethod
    def _split_of(root: Path, file: Path) -> str:
        fraction = hash_fraction(_chapter(root, file))
        if fraction < TEST_SHARE:
            return "test"
        return "val" if fraction < TEST_SHARE + VALIDATION_SHARE else "train"


class Panels(Dataset):
    """The same pages cut into squares of the page's short side, one beside the other with overlap."""

    splits = Pages.splits
    info = SourceInfo(title="Squares of comic pages", license="as their source states")

    def __init__(self, location: str | None = None, split: str = "train") -> None:
        if not location:
            raise DataError("panels needs a folder of chapters: panels:PATH")
        self.pages = Pages(location, split)
        self.split = split
        self.squares = [
            (page, square)
            for page, file in enumerate(self.pages.files)
            for square in _squares(self.pages.statistics[file].height, self.pages.statistics[file].width)
        ]
        names = self.pages.ids()
        self._ids = [f"{names[page]}#{top},{left},{side}" for page, (top, left, side) in self.squares]

    def __len__(self) -> int:
        return len(self.squares)

    def __getitem__(self, index: int) -> Sample:
        page, (top, left, side) = self.squares[index]
        image: Pixels = read(self.pages.files[page]).rgb[top : top + side, left : left + side]
        return Sample(self._ids[index], image)

    def digest(self, index: int) -> str:
        page, square = self.squares[index]
        return hashlib.sha256(f"{self.pages.digest(page)} {square}".encode()).hexdigest()

    def ids(self) -> list[str]:
        return list(self._ids)

    @property
    def fingerprint(self) -> str:
        return combined_digest([("squares", self.pages.fingerprint)])

    @property
    def notes(self) -> Mapping[str, object]:
        return self.pages.notes


def _chapter(root: Path, file: Path) -> str:
    parts = file.relative_to(root).parts
    return "/".join(parts[:-1]) or parts[0]


def _squares(height: int, width: int) -> list[tuple[int, int, int]]:
    """Return (top, left, side) of squares that cover a page, overlapping by a third or more."""
    side, long = min(height, width), max(height, width)
    count = 1 + -(-3 * (long - side) // (2 * side))
    starts = [round(index * (long - side) / max(1, count - 1)) for index in range(count)]
    return [(start, 0, side) if height >= width else (0, start, side) for start in starts]
