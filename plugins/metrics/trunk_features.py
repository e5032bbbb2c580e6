"""Distances in the features of EfficientNet-Lite0, whose weights are in the package: nothing is fetched.

Named for what they are: their values are not those of LPIPS, KID or FID, and no published ones compare.
"""

from __future__ import annotations

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from colorzoo.core.imaging.color import resize_area
from colorzoo.core.interfaces.metric import MetricResult
from colorzoo.core.interfaces.pair import Pair, PairMeanMetric, PairMetric
from colorzoo.core.trunk.efficientnet import Lite0, Lite0Pooled, pretrained_state

MIN_SIDE = 64
"""Below it the coarsest features are one pixel; smaller pictures are enlarged."""
MIN_IMAGES_FOR_KD = 100
"""Two sets of so many photos, 40 draws: 0.0000 apart, deviation .0008. The same photos as JPEG of quality
90, 50, 20: .0002, .0016, .0061; without colour .047. Of 25 photos the deviation is .0027, of 400 .0002."""


class FeatureDistance(PairMeanMetric):
    """Mean over five levels of the squared distance of unit-normalised features, of the first sample.

    The form of LPIPS without its calibrated weights (Zhang et al. 2018, equation 1).
    """

    higher_is_better = False
    best_of = 1
    default = False
    unit = "featdist, EfficientNet-Lite0"

    def measure_pair(self, pair: Pair) -> Tensor:
        pairs = zip(pair.of_first(features), pair.of_target(features), strict=True)
        levels = [(_unit(a) - _unit(b)).square().sum(1).mean((-2, -1)) for a, b in pairs]
        return torch.stack(levels).mean(0)


class KernelDistance(PairMetric):
    """Squared kernel distance of the sets of first samples and of true pictures, without bias.

    The polynomial kernel (x y / d + 1)^3 on 1,280 pooled features (Binkowski et al. 2018, there on
    Inception's). It may be below zero by chance.
    """

    higher_is_better = False
    best_of = 1
    default = False

    def __init__(self) -> None:
        self._predicted: list[list[float]] = []
        self._true: list[list[float]] = []

    def update_pair(self, pair: Pair) -> None:
        sets = (pair.of_first(features), self._predicted), (pair.of_target(features), self._true)
        for levels, kept in sets:
            kept += _network().pooled(levels).double().tolist()

    def compute(self) -> MetricResult:
        count = len(self._true)
        few = f", too few: at least {MIN_IMAGES_FOR_KD} are needed" if count < MIN_IMAGES_FOR_KD else ""
        sets = torch.tensor(self._predicted), torch.tensor(self._true)
        value = kernel_distance(*sets) if count > 1 else torch.nan
        return MetricResult(value=value, unit=f"KD, EfficientNet-Lite0, of N = {count}{few}")


def kernel_distance(one: Tensor, other: Tensor) -> float:
    """Return the unbiased squared MMD of two sets of features (N, D) (Gretton et al. 2012, eq. 4).

    Row i of both may be of one picture: a picture is never compared with its own other version.
    """
    one, other = one.double(), other.double()
    pairs = (one, one), (other, other), (one, other)
    own, others, across = (_mean_of_pairs(_kernel(a, b)) for a, b in pairs)
    return own + others - 2 * across


def features(rgb: Tensor) -> list[Tensor]:
    """Return the trunk's features, finest first, of sRGB (N, 3, H, W), resized to whole cells of it.

    One picture after the other, so that its features are the same whatever it is measured beside.
    """
    sides = [Lite0.cell * max(MIN_SIDE // Lite0.cell, round(side / Lite0.cell)) for side in rgb.shape[-2:]]
    with torch.inference_mode():
        pictures = torch.split(resize_area(rgb, (sides[0], sides[1])), 1)
        return [torch.cat(level) for level in zip(*map(_network().trunk, pictures), strict=True)]


def _unit(level: Tensor) -> Tensor:
    return F.normalize(level, dim=1, eps=1e-10)


def _kernel(one: Tensor, other: Tensor) -> Tensor:
    return (one @ other.T / one.shape[1] + 1) ** 3


def _mean_of_pairs(kernel: Tensor) -> float:
    """Return the mean over pairs of different pictures."""
    count = len(kernel)
    return float((kernel.sum() - kernel.diagonal().sum()) / (count * (count - 1)))


@cache
def _network() -> Lite0Pooled:
    network = Lite0Pooled().eval()
    network.load_state_dict(pretrained_state())
    return network.requires_grad_(False)
