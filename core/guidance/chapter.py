"""Pages that agree: what the pages of a chapter show alike has the same colours on all of them.

A chapter's table holds prototypes: features as the trunk sees them, luma, chroma, and how much of the
chapter each stands for. It is made of the pages as they were coloured, or of references, and every page is
moved towards it. `chapter_file.py` keeps it for the next chapter. Measured by `python -m bench.chapter`.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor

from colorzoo.core.guidance.correspondence import (
    Cells,
    Kernel,
    at_cells,
    brought_up,
    cells_at,
    cells_of,
    comparable,
    joined,
    lent_by,
    raw_features,
)
from colorzoo.core.guidance.palette import COUNT, SIDE, Palette, palette_of_pictures
from colorzoo.core.guidance.reference import CELL, FINE_CELL
from colorzoo.core.imaging import color

PROTOTYPES = 256
PAGES, FOLDED = 16, 512
"""Pages whose cells are held at once, and prototypes that stand for those before them."""
ROUNDS = 10
LUMA_WEIGHT = 1.0
"""What a difference in luma counts beside one in features when cells become prototypes."""
KERNEL = Kernel(temperature=0.25, same_luma=0.3)
"""Wide: what only looks a little alike shares its colours, else every page would stay with itself."""


def table_of_pages(pages: Iterable[tuple[Tensor, Tensor]]) -> Cells:
    """Return the table of a chapter's pages, at least one, luma (1, h, w) in [0, 1] and chroma (2, h, w).

    k-means of cells by features and luma; the first centres are cells far from each other. The
    chroma of a prototype is the mean over all pages. Memory holds the cells of a few pages at once.
    """
    parts: list[Cells] = []
    for luma, chroma in pages:
        parts.append(cells_of(luma, chroma, cell=CELL))
        if len(parts) > PAGES:
            parts = [_folded(joined(parts))]
    return prototypes(joined(parts))


def palette_of_table(table: Cells, count: int = COUNT) -> Palette:
    """Return at most `count` colours of a picture in which every prototype of a table has its share."""
    rgb = color.recombine(table.luma.T[:, None], table.chroma.T[:, None])
    ends = (table.weights / table.weights.sum()).cumsum(0)
    places = (torch.arange(SIDE**2) + 0.5) / SIDE**2
    index = torch.searchsorted(ends, places).clamp_max(len(ends) - 1)
    return palette_of_pictures([rgb[:, 0, index].reshape(3, SIDE, SIDE)], count)


def agreed(chroma: Tensor, luma: Tensor, table: Cells) -> Tensor:
    """Return a page's chroma (..., 2, h, w) as its chapter agrees on it; luma (1, h, w) in [0, 1].

    With t what the chapter's table lends to a place, m what the page itself lends to it by the same kernel,
    and c its own chroma, the move is t - (c + m) / 2: half replacement, which makes pages equal, half a
    shift of the page's mean, which keeps the colours within a page apart.
    """
    raw = raw_features(luma)
    features, coarse = (comparable(raw, cell=cell) for cell in (FINE_CELL, CELL))
    own = at_cells(chroma, features)
    lent, _ = lent_by(table, features, luma, KERNEL)
    samples = chroma.reshape(-1, *chroma.shape[-3:])
    pages = [cells_at(coarse, luma, sample) for sample in samples]
    mean = torch.stack([lent_by(page, features, luma, KERNEL)[0] for page in pages]).reshape(own.shape)
    return chroma + brought_up(lent - (own + mean) / 2, luma).to(chroma)


def prototypes(cells: Cells, count: int = PROTOTYPES) -> Cells:
    """Return at most `count` cells that stand for all of them."""
    points = torch.cat([cells.features, LUMA_WEIGHT * cells.luma], 1)
    weights = cells.weights / cells.weights.sum()
    centers = points[_first(points, count)]
    for _ in range(ROUNDS):
        nearest = torch.cdist(points, centers).argmin(1)
        member = F.one_hot(nearest, len(centers)).to(points) * weights[:, None]
        total = member.sum(0)[:, None]
        centers = torch.where(total > 0, member.T @ points / total.clamp_min(1e-12), centers)
    used = total[:, 0] > 0
    chroma = member.T @ cells.chroma / total.clamp_min(1e-12)
    light = centers[:, -1:] / LUMA_WEIGHT
    return Cells(F.normalize(centers[used, :-1]), light[used], chroma[used], total[used, 0])


def _folded(cells: Cells) -> Cells:
    """Return fewer cells, which weigh as much."""
    fewer = prototypes(cells, FOLDED)
    return fewer._replace(weights=fewer.weights * cells.weights.sum())


def _first(points: Tensor, count: int) -> list[int]:
    """Return indices of points far from each other, the first being the one nearest to the mean."""
    distance = torch.cdist(points, points.mean(0, keepdim=True))[:, 0]
    chosen = [int(distance.argmin())]
    distance = torch.cdist(points, points[chosen])[:, 0]
    while len(chosen) < min(count, len(points)) and float(distance.max()) > 0:
        chosen.append(int(distance.argmax()))
        distance = torch.minimum(distance, torch.cdist(points, points[chosen[-1:]])[:, 0])
    return chosen
