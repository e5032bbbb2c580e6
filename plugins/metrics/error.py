"""Errors of the best sample, and the spread of the samples."""

from __future__ import annotations

from itertools import combinations

import torch
from torch import Tensor

from colorzoo.core import color
from colorzoo.core.metric import PerImageMetric
from colorzoo.plugins.metrics.difference import similarity

AB_UNIT = 128.0
"""Deshpande et al. 2017 (Table 3) state no unit; their code divides 8-bit ab by 128."""


class BestSquaredError(PerImageMetric):
    """Mean squared error on RGB 0-255 (term project, 5.2), of the best of K samples (5.1)."""

    higher_is_better = False
    unit = "squared grey levels"

    def measure(self, predicted: Tensor, target: Tensor) -> Tensor:
        squared = (255 * (predicted - target[:, None])).square().mean((-3, -2, -1))
        return squared.min(1).values


class ErrorOfBest(PerImageMetric):
    """Mean |difference of ab| / 128 per pixel, of the best of K samples (Deshpande et al. 2017, 7.1)."""

    higher_is_better = False
    unit = "128ths of ab"

    def measure(self, predicted: Tensor, target: Tensor) -> Tensor:
        wrong = _ab(predicted) - _ab(target)[:, None]
        return wrong.abs().mean((-3, -2, -1)).min(1).values


class Deviation(PerImageMetric):
    """Standard deviation across samples (population), mean over pixels and channels, RGB 0-255."""

    higher_is_better = True
    unit = "grey levels"

    def measure(self, predicted: Tensor, target: Tensor) -> Tensor:
        return 255 * predicted.std(1, correction=0).mean((-3, -2, -1))


class Variance(PerImageMetric):
    """Variance across samples (population) of ab / 128, mean over pixels (Deshpande et al. 2017, 7.1)."""

    higher_is_better = True
    unit = "128ths of ab, squared"

    def measure(self, predicted: Tensor, target: Tensor) -> Tensor:
        return _ab(predicted).var(1, correction=0).mean((-3, -2, -1))


class SampleSimilarity(PerImageMetric):
    """Mean SSIM over all pairs of samples (Messaoud et al. 2018): 1 where all samples are the same."""

    higher_is_better = False
    unit = "of 1"

    def measure(self, predicted: Tensor, target: Tensor) -> Tensor:
        pairs = list(combinations(range(predicted.shape[1]), 2))
        if not pairs:
            return torch.ones(len(predicted), dtype=predicted.dtype, device=predicted.device)
        found = [similarity(predicted[:, one], predicted[:, other]) for one, other in pairs]
        return torch.stack(found).mean(0)


def _ab(rgb: Tensor) -> Tensor:
    return color.lab(rgb)[..., 1:, :, :] / AB_UNIT
