"""The grid of pictures as one picture, for pages that show no HTML."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from colorzoo.core.compare.results import ExampleImage, Results
from colorzoo.core.errors import ImageError
from colorzoo.core.imaging.contact_sheet import Cell, contact_sheet
from colorzoo.core.imaging.image_io import Pixels, read

SIDE = 180
"""Longest side of a picture in the grid, in pixels."""


def grid(results: Results, pictures: Path) -> Pixels | None:
    """Draw input, original and the first sample of every method, a picture a row; None without pictures."""
    rows = [_row(example, pictures) for example in results.examples if example.reason == "spread"]
    shown = [row for row in rows if row]
    return contact_sheet(shown, side=SIDE) if shown else None


def _row(example: ExampleImage, pictures: Path) -> list[Cell]:
    """Return the pictures of an example that are present and can be read."""
    files = {"grey": example.gray, "original": example.original}
    files |= {label: samples[0] for label, samples in example.samples.items() if samples}
    cells = []
    for label, name in files.items():
        with suppress(ImageError, OSError):
            cells.append(Cell(read(pictures / name).rgb, label))
    return cells
