"""Contact sheets of a run: a row for each picture, in pages."""

from __future__ import annotations

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
    """Collects rows, and writes a page whenever one is full; pages are numbered from the second on."""

    def __init__(self, stem: Path, *, wanted: bool = True) -> None:
        self.stem, self.wanted = stem, wanted
        self.rows: list[list[Cell]] = []
        self.pages: list[Path] = []

    def add(self, row: list[Cell]) -> None:
        """Add the cells of a picture."""
        if self.wanted:
            self.rows.append(row)
        if len(self.rows) == ROWS:
            self.flush()

    def flush(self) -> None:
        """Write the rows that wait for a page, if there are any."""
        if not self.rows:
            return
        number = f"-{len(self.pages) + 1}" if self.pages else ""
        page = self.stem.with_name(f"{self.stem.name}-sheet{number}.png")
        write(page, Picture(contact_sheet(self.rows)))
        self.pages.append(page)
        self.rows = []
