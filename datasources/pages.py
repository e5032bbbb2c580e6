"""Pages of comics and manga, in one folder per chapter."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from colorzoo.core.dataset import (
    FileDataset,
    Sample,
    SourceInfo,
    check_split,
    combine,
    picture_files,
    share,
)
from colorzoo.core.errors import DataError
from colorzoo.core.facts import facts_of
from colorzoo.core.images import Pixels, read

TEST_SHARE, VALIDATION_SHARE = 0.2, 0.16
"""Expected shares of the chapters: to measure on once, and to choose settings on."""
COLOURLESS = 8.0
"""Pages with a lower mean of max(R, G, B) - min(R, G, B), of 255, count as black and white (3)."""


class Pages(FileDataset):
    """Whole colour pages; a chapter, the folder that holds them, is in one split only.

    Pages without colour are left out and counted: only coloured ones teach anything.
    """

    splits = ("train", "val", "test", "all")
    info = SourceInfo(title="Pages of comics", licence="as their source states")

    def __init__(self, location: str | None = None, split: str = "train") -> None:
        if not location:
            raise DataError(f"{type(self).__name__.lower()} needs a folder of chapters: pages:PATH")
        root = Path(location).expanduser()
        self.split = check_split(split, self.splits)
        found = [f for f in picture_files(root) if split in ("all", self._split_of(root, f))]
        facts = zip(found, facts_of(root, found), strict=True)
        self.facts = {file: fact for file, fact in facts if fact.chroma >= COLOURLESS}
        super().__init__(root, list(self.facts))
        self.left_out = len(found) - len(self.files)

    @property
    def chapters(self) -> list[str]:
        """Names of the chapters, in order."""
        return sorted({_chapter(self.root, file) for file in self.files})

    @property
    def notes(self) -> dict[str, object]:
        return {"chapters": len(self.chapters), "colourless left out": self.left_out}

    @staticmethod
    def _split_of(root: Path, file: Path) -> str:
        place = share(_chapter(root, file))
        if place < TEST_SHARE:
            return "test"
        return "val" if place < TEST_SHARE + VALIDATION_SHARE else "train"


class Panels(Pages):
    """The same pages cut into squares of the page's short side, one beside the other with overlap."""

    info = SourceInfo(title="Squares of comic pages", licence="as their source states")

    def __init__(self, location: str | None = None, split: str = "train") -> None:
        super().__init__(location, split)
        self.squares = [
            (file, square)
            for file, fact in self.facts.items()
            for square in _squares(fact.height, fact.width)
        ]

    def __len__(self) -> int:
        return len(self.squares)

    def __getitem__(self, index: int) -> Sample:
        file, (top, left, side) = self.squares[index]
        image: Pixels = read(file).rgb[top : top + side, left : left + side]
        return Sample(f"{self._id(file)}#{top},{left},{side}", image)

    def reduced(self, index: int, side: int) -> Sample:
        return self[index]

    @cached_property
    def fingerprint(self) -> str:
        return combine([("squares", super().fingerprint)])

    def ids(self) -> list[str]:
        return [f"{self._id(file)}#{top},{left},{side}" for file, (top, left, side) in self.squares]


def _chapter(root: Path, file: Path) -> str:
    parts = file.relative_to(root).parts
    return "/".join(parts[:-1]) or parts[0]


def _squares(height: int, width: int) -> list[tuple[int, int, int]]:
    """Return (top, left, side) of squares that cover a page, overlapping by a third or more."""
    side, long = min(height, width), max(height, width)
    count = 1 + -(-3 * (long - side) // (2 * side))
    starts = [round(place * (long - side) / max(1, count - 1)) for place in range(count)]
    return [(start, 0, side) if height >= width else (0, start, side) for start in starts]
