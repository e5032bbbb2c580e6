"""Contact sheets of a run: a row for each picture, in pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from colorzoo.core.data.statistics import mean_chroma
from colorzoo.core.imaging.contact_sheet import SIDE, Cell, contact_sheet, thumbnail
from colorzoo.core.imaging.image_io import Picture, Pixels, read_reduced, write

ROWS, SAMPLES = 24, 8
"""Pictures of a page, and samples shown of each."""


def original_cells(picture: Picture, name: str) -> list[Cell]:
    """Return the picture as it was, if it has colours, and as it was coloured."""
    if mean_chroma(picture.rgb) <= 1:
        return [thumbnail(picture.gray, name)]
    return [thumbnail(picture.rgb, name), thumbnail(picture.gray, "grey")]


def sample_cell(rgb: Pixels, number: int, count: int) -> Cell:
    """Return a sample under its number, or under nothing but that it is one."""
    return thumbnail(rgb, f"sample {number}" if count > 1 else "coloured")


def stored_cells(picture: Path, results: list[Path]) -> list[Cell]:
    """Return the row of a picture that was coloured before."""
    shown, _ = read_reduced(picture, SIDE)
    samples = [read_reduced(path, SIDE)[0] for path in results[:SAMPLES]]
    cells = original_cells(Picture(shown), picture.name)
    return cells + [sample_cell(rgb, number, len(results)) for number, rgb in enumerate(samples, start=1)]


class SheetPages:
    """Collects rows by the place of their picture, and writes a page when all of its pictures are settled.

    Pages are numbered from the second on. What a page shows does not depend on which picture came first.
    """

    def __init__(self, stem: Path, total: int, *, wanted: bool = True) -> None:
        self.stem, self.total, self.wanted = stem, total, wanted
        self.rows: dict[int, dict[int, Sequence[Cell]]] = {}
        self.pages: list[Path] = []

    def add(self, index: int, row: Sequence[Cell]) -> None:
        """Add the cells of a picture, none of one that failed."""
        if not self.wanted:
            return
        page = index // ROWS
        rows = self.rows.setdefault(page, {})
        rows[index] = row
        if len(rows) == min(ROWS, self.total - page * ROWS):
            self._write(page)

    def flush(self) -> None:
        """Write the pages of which pictures are missing."""
        for page in sorted(self.rows):
            self._write(page)

    def _write(self, number: int) -> None:
        settled = self.rows.pop(number)
        rows = [settled[index] for index in sorted(settled) if settled[index]]
        if rows:
            suffix = f"-{number + 1}" if number else ""
            page = self.stem.with_name(f"{self.stem.name}-sheet{suffix}.png")
            write(page, Picture(contact_sheet(rows)))
            self.pages.append(page)
