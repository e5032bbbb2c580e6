"""Which places of pictures show the same kind of thing, as the trunk sees them.

Features are EfficientNet-Lite0's at 1/32 of the picture: on the validation chapters a reference whose
places were found by those at 1/8 and 1/16, which say how a place is drawn rather than what it shows, helped
less.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from colorzoo.core.imaging import color
from colorzoo.core.trunk.efficientnet import Lite0, load_pretrained

STATISTICS = Path(__file__).with_name("feature_statistics.safetensors")
"""Mean and deviation of every channel over pages and photos (`python -m bench.feature_statistics`)."""
SIDE = 512
"""Longest side at which pictures and references are looked at, in pixels."""


class Cells(NamedTuple):
    """Places of pictures: features (N, C) of length 1, luma (N, 1), chroma (N, 2), weights (N,)."""

    features: Tensor
    luma: Tensor
    chroma: Tensor
    weights: Tensor


class Kernel(NamedTuple):
    """How alike places are to lend each other colour.

    temperature: difference in cosine that divides the weight by e. same_luma: standard deviation of luma.
    """

    temperature: float
    same_luma: float


def cells_of(luma: Tensor, chroma: Tensor, *, cell: int) -> Cells:
    """Return cells of luma (1, h, w) in [0, 1] and chroma (2, h, w), `cell` pixels a side at SIDE."""
    return cells_at(trunk_features(luma, cell=cell), luma, chroma)


def cells_at(features: Tensor, luma: Tensor, chroma: Tensor) -> Cells:
    """Return the cells of features (C, h, w), with luma (1, H, W) and chroma (2, H, W) of their picture."""
    light, colors = (at_cells(planes, features).flatten(1).T for planes in (luma, chroma))
    return Cells(features.flatten(1).T, light, colors, torch.full((len(light),), 1 / len(light)))


def joined(parts: Sequence[Cells]) -> Cells:
    """Return the cells of several pictures as one; every picture weighs the same."""
    return Cells(*(torch.cat(planes) for planes in zip(*parts, strict=True)))


def lent_by(cells: Cells, features: Tensor, luma: Tensor, kernel: Kernel) -> tuple[Tensor, Tensor]:
    """Return what cells lend to features (C, h, w): chroma (2, h, w), and the mean cosine (1, h, w) of it.

    luma: (1, H, W) of the picture. The share that a cell has in a place is a softmax over all cells.
    """
    cosine = features.flatten(1).T @ cells.features.T
    unlike = (at_cells(luma, features).reshape(-1, 1) - cells.luma.T) ** 2 / (2 * kernel.same_luma**2)
    weights = cells.weights.clamp_min(1e-12).log()
    share = (cosine / kernel.temperature - unlike + weights).softmax(1)
    lent = torch.cat([share @ cells.chroma, (share * cosine).sum(1, keepdim=True)], 1)
    planes = lent.T.reshape(3, *features.shape[-2:])
    return planes[:2], planes[2:]


def at_cells(planes: Tensor, features: Tensor) -> Tensor:
    """Return planes (..., C, H, W), averaged over the cells of features (C, h, w)."""
    flat = planes.reshape(-1, *planes.shape[-3:]).float().cpu()
    small = color.resize_area(flat, (features.shape[-2], features.shape[-1]))
    return small.reshape(*planes.shape[:-2], *small.shape[-2:])


def brought_up(planes: Tensor, luma: Tensor) -> Tensor:
    """Return planes (..., C, h, w) of cells at the size of luma (1, H, W), along its edges."""
    flat = planes.reshape(-1, *planes.shape[-3:])
    fine = color.guided_upsample(flat, luma[None].float().cpu().expand(len(flat), -1, -1, -1))
    return fine.reshape(*planes.shape[:-2], *fine.shape[-2:])


def trunk_features(luma: Tensor, *, cell: int) -> Tensor:
    """Return features (320, h, w), each of length 1, of luma (1, H, W): one for `cell` pixels of SIDE.

    cell: a divisor of 32, the trunk's own; between its cells features are interpolated.
    """
    return comparable(raw_features(luma), cell=cell)


def comparable(raw: Tensor, *, cell: int = Lite0.cell) -> Tensor:
    """Return what the trunk has made of a picture, (320, h, w) at 1/32, as features of length 1."""
    mean, deviation = (statistic.to(raw)[:, None, None] for statistic in _statistics())
    features = (raw - mean) / deviation
    finer = Lite0.cell // cell
    size = (finer * features.shape[-2], finer * features.shape[-1])
    return F.normalize(F.interpolate(features[None], size, mode="bilinear", align_corners=False)[0], dim=0)


def raw_features(luma: Tensor) -> Tensor:
    """Return what the trunk makes of luma (1, H, W) in [0, 1], brought to whole cells: (320, h, w)."""
    scale = SIDE / max(luma.shape[-2:])
    height, width = (Lite0.cell * max(1, round(scale * side / Lite0.cell)) for side in luma.shape[-2:])
    with torch.inference_mode():
        features: Tensor = _trunk()(color.resize_area(luma[None].float().cpu(), (height, width)))[-1][0]
    return features


@cache
def _trunk() -> Lite0:
    return load_pretrained(Lite0()).eval()


@cache
def _statistics() -> tuple[Tensor, Tensor]:
    from safetensors.torch import load_file

    tensors = load_file(STATISTICS)
    return tensors["mean"], tensors["deviation"]
