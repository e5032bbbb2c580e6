"""Pages that agree: what the pages of a chapter show alike has the same colours on all of them.

A chapter's table holds prototypes: features as the trunk sees them, luma, chroma, and how much of the chapter
each stands for. It is made of the pages as they were coloured, or of given references, and every page is moved
towards it. `palette.json` keeps it for the next chapter; one object:

    format     "colorzoo-chapter", version 1
    colors     the chapter's palette, the most frequent first: {"color": "#rrggbb", "share": 0.25}; other
               programs, and `--palette`, read these
    prototypes {"count": N, "channels": 320, "features": base64 of N x 320 signed bytes, 127 for the largest
               value of a row, "luma": [N], "cb": [N], "cr": [N], "share": [N]}

Measured by `python -m bench.chapter`.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor

from colorzoo.core.config import Settings
from colorzoo.core.files import atomic_write, read_model
from colorzoo.core.guidance.correspondence import (
    Cells,
    Kernel,
    at_cells,
    brought_up,
    cells_of,
    joined,
    lent_by,
    trunk_features,
)
from colorzoo.core.guidance.palette import Palette
from colorzoo.core.guidance.palette_files import MAX_BYTES
from colorzoo.core.guidance.reference import CELL, FINE_CELL
from colorzoo.core.interfaces.guidance import Color, hexadecimal

PROTOTYPES = 256
ROUNDS = 10
LUMA_WEIGHT = 1.0
"""What a difference in luma counts beside one in features when cells become prototypes."""
KERNEL = Kernel(temperature=0.25, same_luma=0.3)
"""Wide: what only looks a little alike shares its colours, else every page would stay with itself."""
Share = Annotated[float, Field(ge=0, le=1)]


class ColorShare(Settings):
    """A colour of the chapter and how much of it there is."""

    color: Color
    share: Share


class Prototypes(Settings):
    """Places of the chapter as lists; see the head of the module."""

    count: int = Field(ge=1, le=4096)
    channels: int = Field(ge=1, le=4096)
    features: str
    luma: list[Share]
    cb: list[Annotated[float, Field(ge=-0.5, le=0.5)]]
    cr: list[Annotated[float, Field(ge=-0.5, le=0.5)]]
    share: list[Share]

    @model_validator(mode="after")
    def _fits(self) -> Prototypes:
        lengths = {len(values) for values in (self.luma, self.cb, self.cr, self.share)}
        size = self.count * self.channels
        if lengths != {self.count} or len(base64.b64decode(self.features, validate=True)) != size:
            raise ValueError(f"expected {self.count} values of each and {size:,} bytes of features")
        return self


class ChapterFile(Settings):
    """What `palette.json` holds."""

    format: Literal["colorzoo-chapter"] = "colorzoo-chapter"
    version: Literal[1] = 1
    colors: list[ColorShare] = Field(min_length=2, max_length=256)
    prototypes: Prototypes


def table_of_pages(pages: Sequence[tuple[Tensor, Tensor]]) -> Cells:
    """Return the table of a chapter's pages, each luma (1, h, w) in [0, 1] and chroma (2, h, w).

    k-means of cells by features and luma; the first centres are the heaviest cells far from each other.
    The chroma of a prototype is the mean over all pages, so that the chapter agrees on it.
    """
    return prototypes(joined([cells_of(luma, chroma, cell=CELL) for luma, chroma in pages]))


def agreed(chroma: Tensor, luma: Tensor, table: Cells) -> Tensor:
    """Return a page's chroma (..., 2, h, w) as its chapter agrees on it; luma (1, h, w) in [0, 1]."""
    features = trunk_features(luma, cell=FINE_CELL)
    lent, _ = lent_by(table, features, luma, KERNEL)
    return chroma + brought_up(lent - at_cells(chroma, features), luma).to(chroma)


def prototypes(cells: Cells, count: int = PROTOTYPES) -> Cells:
    """Return at most `count` cells that stand for all of them."""
    points = torch.cat([cells.features, LUMA_WEIGHT * cells.luma], 1)
    weights = cells.weights / cells.weights.sum()
    centers = points[_first(points, count)]
    for _ in range(ROUNDS):
        member = (
            F.one_hot(torch.cdist(points, centers).argmin(1), len(centers)).to(points) * weights[:, None]
        )
        total = member.sum(0)
        centers = torch.where(
            total[:, None] > 0, member.T @ points / total[:, None].clamp_min(1e-12), centers
        )
    used = total > 0
    chroma = (member.T @ cells.chroma / total[:, None].clamp_min(1e-12))[used]
    centers = centers[used]
    return Cells(F.normalize(centers[:, :-1]), centers[:, -1:] / LUMA_WEIGHT, chroma, total[used])


def write_table(path: Path, table: Cells, palette: Palette) -> None:
    """Write `palette.json` of a chapter's table and palette, atomically."""
    order = zip((255 * palette.colors).round().int().tolist(), palette.shares.tolist(), strict=True)
    colors = [ColorShare(color=hexadecimal(tuple(rgb)), share=round(share, 4)) for rgb, share in order]
    peak = table.features.abs().amax(1, keepdim=True).clamp_min(1e-12)
    data = (127 * table.features / peak).round().to(torch.int8).numpy().tobytes()
    columns = [[round(value, 4) for value in column.tolist()] for column in _columns(table)]
    luma, cb, cr, share = columns
    content = ChapterFile(
        colors=colors,
        prototypes=Prototypes(
            count=len(table.features), channels=table.features.shape[1], luma=luma, cb=cb, cr=cr, share=share,
            features=base64.b64encode(data).decode(),
        ),
    )  # fmt: skip
    with atomic_write(path) as file:
        file.write(content.model_dump_json(indent=1).encode() + b"\n")


def read_table(path: Path) -> Cells:
    """Return the table of a `palette.json`.

    Raises:
        DataError: the file is absent, damaged, larger than 4 MB, or of another format.
    """
    stored = read_model(path, ChapterFile, max_bytes=MAX_BYTES, advice="make it anew with --consistent")
    table = stored.prototypes
    data = np.frombuffer(base64.b64decode(table.features), np.int8).reshape(table.count, table.channels)
    return Cells(
        F.normalize(torch.from_numpy(data.astype(np.float32))),
        torch.tensor(table.luma)[:, None],
        torch.tensor([table.cb, table.cr]).T,
        torch.tensor(table.share),
    )


def _columns(table: Cells) -> Sequence[Tensor]:
    return table.luma[:, 0].clamp(0, 1), table.chroma[:, 0], table.chroma[:, 1], table.weights.clamp(0, 1)


def _first(points: Tensor, count: int) -> list[int]:
    """Return indices of points far from each other, the first being the one nearest to the mean."""
    distance = torch.cdist(points, points.mean(0, keepdim=True))[:, 0]
    chosen = [int(distance.argmin())]
    distance = torch.cdist(points, points[chosen])[:, 0]
    while len(chosen) < min(count, len(points)) and float(distance.max()) > 0:
        chosen.append(int(distance.argmax()))
        distance = torch.minimum(distance, torch.cdist(points, points[chosen[-1:]])[:, 0])
    return chosen
