"""The grid of pictures as one picture, for pages that show no HTML."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from colorzoo.core.compare.results import Exhibit, Results
from colorzoo.core.errors import ImageError
from colorzoo.core.images import Pixels, read
from colorzoo.core.sheet import Cell, contact_sheet

SIDE = 180
"""Longest side of a picture in the grid, in pixels."""


def grid(results: Results, pictures: Path) -> Pixels | None:
    """Draw input, original and the first sample of every method, a picture a row; None without pictures."""
    rows = [_row(exhibit, pictures) for exhibit in results.exhibits if exhibit.why == "spread"]
    shown = [row for row in rows if row]
    return contact_sheet(shown, side=SIDE) if shown else None


def _row(exhibit: Exhibit, pictures: Path) -> list[Cell]:
    """Return the pictures of an exhibit that are there and can be read."""
    files = {"grey": exhibit.gray, "original": exhibit.original}
    files |= {label: samples[0] for label, samples in exhibit.samples.items() if samples}
    cells = []
    for label, name in files.items():
        with suppress(ImageError, OSError):
            cells.append(Cell(read(pictures / name).rgb, label))
    return cells
