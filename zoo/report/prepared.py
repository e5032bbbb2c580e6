"""What a prepared folder looks like: a contact sheet, and histograms of colour and size."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from colorzoo.core.data.prepare import Preparation, PreparedImage
from colorzoo.core.data.quality import MIN_COLOR_SPREAD
from colorzoo.core.files import atomic_write
from colorzoo.core.imaging.contact_sheet import Cell, contact_sheet
from colorzoo.core.imaging.image_io import Picture, write
from colorzoo.report.plot import Plot
from colorzoo.report.svg import beside

SHOWN, COLUMNS = 24, 6
BARS = 30
KINDS = {"left out": "method1", "kept": "method0"}
"""Classes of the colours."""


def overview(job: Preparation, path: Path) -> None:
    """Write a sheet of pictures spread evenly over those that are kept."""
    retained = list(job.kept())
    indices = np.unique(np.linspace(0, len(retained) - 1, min(SHOWN, len(retained))).round().astype(int))
    cells = [Cell(load(), Path(row.key).name) for row, load in (retained[index] for index in indices)]
    rows = [cells[start : start + COLUMNS] for start in range(0, len(cells), COLUMNS)]
    write(path, Picture(contact_sheet(rows, side=200)))


def histograms(rows: Sequence[PreparedImage], path: Path) -> None:
    """Draw as SVG how much colour the pictures have beyond a tint, and how large they were."""
    readable = [row for row in rows if row.verdict != "broken"]
    retained = [row for row in readable if row.verdict == "kept"]
    spreads = [[row.spread for row in group] for group in (readable, retained)]
    sides = [[(row.width * row.height) ** 0.5 for row in group] for group in (readable, retained)]
    left = _bars(spreads[0], spreads[1], "colour beyond a tint, grey levels")
    if left.x.low < MIN_COLOR_SPREAD < left.x.high:
        bound = left.x(MIN_COLOR_SPREAD)
        left.drawing.line(bound, left.top, bound, left.bottom, "ink", stroke_dasharray="2 3")
    right = _bars(sides[0], sides[1], "side of a square of the same area, pixels")
    if len(retained) < len(readable):
        left.legend({name: (kind, {"stroke_width": "8"}) for name, kind in KINDS.items()})
    whole = beside(left.drawing, right.drawing)
    with atomic_write(path) as file:
        file.write(whole.file("How much colour the pictures have, and how large they were").encode())


def _bars(values: Sequence[float], retained: Sequence[float], label: str) -> Plot:
    """Draw how many of the values lie where, those of retained pictures before all."""
    low, high = min(values), max(values)
    if high == low:
        low, high = low - BARS / 2, high + BARS / 2
    edges = np.linspace(low, high, BARS + 1)
    counts = {"left out": np.histogram(values, edges)[0], "kept": np.histogram(retained, edges)[0]}
    plot = Plot((edges[0], edges[-1]), (0, 1.05 * counts["left out"].max()))
    plot.axes(label, "pictures")
    wide = (plot.x.stop - plot.x.start) / BARS
    for name, counted in counts.items():
        for start, count in zip(edges, counted, strict=False):
            if count:
                top = plot.y(float(count))
                plot.drawing.bar(plot.x(float(start)), top, wide, plot.bottom - top, KINDS[name])
    return plot
