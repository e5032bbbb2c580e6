"""Curves over thresholds: how many pixels, or pictures, are right to within so much."""

from __future__ import annotations

import torch
from torch import Tensor

from colorzoo.core.interfaces.metric import EVERY_SAMPLE, Curve, MetricResult
from colorzoo.core.interfaces.pair import Pair, PairMeanMetric, PairMetric
from colorzoo.plugins.metrics.best_of_n import squared_errors
from colorzoo.plugins.metrics.full_reference import chroma_distance

THRESHOLDS = 151
"""0, 1 ... 150 units of ab; published implementations differ by one."""
GRID, REACH = 10, 12
"""Side of a bin of the ab plane, and bins on each side of 0."""


class AuC(PairMeanMetric):
    """Share of pixels whose ab is within t of the truth, averaged over t = 0 to 150, in per cent.

    (Zhang et al. 2016, table 1.) Colourless answers get about 90 on photographs: look at the grey
    baseline first.
    """

    higher_is_better = True
    best_of = 1
    unit = "%"

    def measure_pair(self, pair: Pair) -> Tensor:
        return 100 * pair.once(_within).mean(-1)


class RebalancedAuC(PairMetric):
    """The same with every colour counting alike: the mean over bins of the true ab, 10 units wide.

    A pixel weighs one over how often its bin occurs (Zhang et al. 2016) in the pictures measured, so the
    value belongs to the set, and none to a picture.
    """

    higher_is_better = True
    best_of = 1

    def __init__(self) -> None:
        bins = (2 * REACH) ** 2
        self._sums, self._counts = (
            torch.zeros(bins, dtype=torch.double),
            torch.zeros(bins, dtype=torch.double),
        )

    def update_pair(self, pair: Pair) -> None:
        within = pair.once(_within)
        ab = pair.target_lab[:, 1:].flatten(2)
        cell = (ab / GRID).floor().long().clamp(-REACH, REACH - 1) + REACH
        bins = (cell[:, 0] * 2 * REACH + cell[:, 1]).flatten().cpu()
        self._sums += torch.bincount(bins, within.flatten().cpu(), len(self._sums))
        self._counts += torch.bincount(bins, minlength=len(self._counts))

    def compute(self) -> MetricResult:
        occurs = self._counts > 0
        value = 100 * (self._sums[occurs] / self._counts[occurs]).mean() if occurs.any() else torch.nan
        return MetricResult(value=float(value), unit="%")


class Success(PairMeanMetric):
    """Share of thresholds, over [0, 0.25], that the best sample's RMSE on RGB in [0, 1] is below.

    The mean over pictures is the area under the curve of success rates (term project, 5.1), in per
    cent: 100 where every picture is exact. The curve has the rate at every threshold.
    """

    higher_is_better = True
    best_of = EVERY_SAMPLE
    asked_once = "success@1"
    unit = "%"
    reach = 0.25

    def measure_pair(self, pair: Pair) -> Tensor:
        return 100 * (1 - nearest(pair, self.best_of) / self.reach).clamp_min(0)

    def curve(self) -> Curve | None:
        """Return the share of pictures whose best sample is below each threshold."""
        if not self._values:
            return None
        errors = self.reach * (1 - torch.tensor(self._values, dtype=torch.double) / 100)
        x = [round(step * 0.005, 3) for step in range(round(self.reach / 0.005) + 1)]
        y = [float((errors < threshold).double().mean()) for threshold in x]
        return Curve(over="RMSE below", x=x, y=y)


class SuccessOfOne(Success):
    """The same of one answer: the first sample."""

    best_of, asked_once = 1, ""
    default = False


class MinL2(PairMeanMetric):
    """Root mean square error of the best of K samples, RGB in [0, 1]: the smallest L2 distance (5.1)."""

    higher_is_better = False
    best_of = EVERY_SAMPLE
    asked_once = "min-l2@1"
    unit = "of the range"

    def measure_pair(self, pair: Pair) -> Tensor:
        return nearest(pair, self.best_of)


class L2OfOne(MinL2):
    """Root mean square error of one answer, the first sample, RGB in [0, 1]."""

    best_of, asked_once = 1, ""
    default = False


def nearest(pair: Pair, best_of: int) -> Tensor:
    """Return the least RMSE (N,) of the first `best_of` samples to the target."""
    return pair.once(squared_errors)[:, :best_of].min(1).values.sqrt()


def _within(pair: Pair) -> Tensor:
    """Return for every pixel (N, pixels) the share of thresholds that its ab distance is within."""
    distance = pair.once(chroma_distance).flatten(1).double()
    return (THRESHOLDS - distance.ceil()).clamp_min(0) / THRESHOLDS  # those from ceil(distance) on
