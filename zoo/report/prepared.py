"""What a prepared folder looks like: a contact sheet, and histograms of colour and size."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from colorzoo.core.data.prepare import Preparation, PreparedImage
from colorzoo.core.data.quality import MIN_COLOR_SPREAD
from colorzoo.core.errors import MissingExtraError
from colorzoo.core.files import atomic_write
from colorzoo.core.imaging.contact_sheet import Cell, contact_sheet
from colorzoo.core.imaging.image_io import Picture, write

SHOWN, COLUMNS = 24, 6
BLUE, ORANGE, PAPER, INK = "#3b6ea8", "#d9772b", "#fafaf8", "#3c3c3c"


def overview(job: Preparation, path: Path) -> None:
    """Write a sheet of pictures spread evenly over those that are kept."""
    retained = list(job.kept())
    indices = np.unique(np.linspace(0, len(retained) - 1, min(SHOWN, len(retained))).round().astype(int))
    cells = [Cell(load(), Path(row.key).name) for row, load in (retained[index] for index in indices)]
    rows = [cells[start : start + COLUMNS] for start in range(0, len(cells), COLUMNS)]
    write(path, Picture(contact_sheet(rows, side=200)))


def histograms(rows: Sequence[PreparedImage], path: Path) -> None:
    """Draw how much colour the pictures have beyond a tint, and how large they were.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    figure = _figure(width=9.6, height=3.4)
    readable = [row for row in rows if row.verdict != "broken"]
    retained = [row for row in readable if row.verdict == "kept"]
    left, right = figure.subplots(1, 2)
    spreads = [[row.spread for row in group] for group in (readable, retained)]
    sides = [[(row.width * row.height) ** 0.5 for row in group] for group in (readable, retained)]
    _bars(left, spreads[0], spreads[1], "colour beyond a tint, grey levels")
    _bars(right, sides[0], sides[1], "side of a square of the same area, pixels")
    left.axvline(MIN_COLOR_SPREAD, color=INK, linewidth=1, linestyle=":")
    left.set_ylabel("pictures")
    if len(retained) < len(readable):
        left.legend(frameon=False)
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=120, facecolor=PAPER)
    with atomic_write(path) as file:
        file.write(image.getvalue())


def _bars(axes: Any, values: Sequence[float], retained: Sequence[float], label: str) -> None:
    low, high = min(values), max(values)
    edges = np.linspace(low, high if high > low else low + 1, 31)
    if len(retained) < len(values):
        axes.hist(values, edges, color=ORANGE, label="left out")
    axes.hist(retained, edges, color=BLUE, label="kept")
    axes.set_xlabel(label)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_facecolor(PAPER)


def _figure(width: float, height: float) -> Any:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise MissingExtraError("the figure", "matplotlib", "report") from None
    return Figure(figsize=(width, height), layout="constrained")
