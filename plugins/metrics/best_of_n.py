"""Errors of the best sample, and the spread of the samples."""

from __future__ import annotations

import torch
from torch import Tensor

from colorzoo.core.interfaces.metric import EVERY_SAMPLE, Curve, PerImageMetric
from colorzoo.core.interfaces.pair import Pair, PairMeanMetric

AB_UNIT = 128.0
"""Deshpande et al. 2017 (Table 3) state no unit; their code divides 8-bit ab by 128."""


class BestSquaredError(PairMeanMetric):
    """Mean squared error on RGB 0-255 (term project, 5.2), of the best of K samples (5.1)."""

    higher_is_better = False
    best_of = EVERY_SAMPLE
    asked_once = "mse255@1"
    unit = "squared grey levels"

    def measure_pair(self, pair: Pair) -> Tensor:
        return 255**2 * pair.once(squared_errors)[:, : self.best_of].min(1).values


class SquaredErrorOfOne(BestSquaredError):
    """Mean squared error on RGB 0-255 (term project, 5.2), of one answer: the first sample."""

    best_of, asked_once = 1, ""


class BestOfNError(PairMeanMetric):
    """Mean |difference of ab| / 128 per pixel, of the best of K samples (Deshpande et al. 2017, 7.1)."""

    higher_is_better = False
    best_of = EVERY_SAMPLE
    asked_once = "eob@1"
    unit = "128ths of ab"

    def __init__(self) -> None:
        super().__init__()
        self._best: list[list[float]] = []

    def measure_pair(self, pair: Pair) -> Tensor:
        best = pair.once(_ab_errors)[:, : self.best_of].cummin(1).values
        self._best += best.double().tolist()
        return best[:, -1]

    def curve(self) -> Curve | None:
        """Return the error of the best of the first k samples."""
        if not self._best:
            return None
        y = torch.tensor(self._best, dtype=torch.double).mean(0).tolist()
        return Curve(over="samples", x=[float(k + 1) for k in range(len(y))], y=y)


class ErrorOfBestOf1(BestOfNError):
    """The same of one sample."""

    best_of, asked_once = 1, ""


class ErrorOfBestOf5(BestOfNError):
    """The same of 5 samples, as the paper's table has it."""

    best_of = min_samples = 5


class ErrorOfBestOf8(BestOfNError):
    """The same of 8 samples, as the paper's code writes them."""

    best_of = min_samples = 8


class ErrorOfBestOf100(BestOfNError):
    """The same of 100 samples."""

    best_of = min_samples = 100


class Deviation(PerImageMetric):
    """Standard deviation across samples (population), mean over pixels and channels, RGB 0-255."""

    higher_is_better = True
    unit = "grey levels"

    def measure(self, predicted: Tensor, target: Tensor) -> Tensor:
        return 255 * _variance(predicted).sqrt().mean((-3, -2, -1))


class Variance(PairMeanMetric):
    """Variance across samples (population) of ab / 128, mean over pixels (Deshpande et al. 2017, 7.1)."""

    higher_is_better = True
    unit = "128ths of ab, squared"

    def measure_pair(self, pair: Pair) -> Tensor:
        return _variance(pair.predicted_lab[:, :, 1:] / AB_UNIT).mean((-3, -2, -1))


def squared_errors(pair: Pair) -> Tensor:
    """Return the mean squared error (N, K) of every sample, RGB in [0, 1]."""
    return (pair.predicted - pair.target[:, None]).square_().mean((-3, -2, -1))


def _ab_errors(pair: Pair) -> Tensor:
    """Return the mean absolute difference (N, K) of ab in units of 128."""
    difference = pair.predicted_lab[:, :, 1:] - pair.target_lab[:, None, 1:]
    return difference.abs_().mean((-3, -2, -1)) / AB_UNIT


def _variance(samples: Tensor) -> Tensor:
    """Return the population variance over dimension 1; torch's own is several times slower there."""
    apart = samples - samples[:, :1]  # exactly 0 where all are the same
    return (apart - apart.mean(1, keepdim=True)).square().mean(1)
