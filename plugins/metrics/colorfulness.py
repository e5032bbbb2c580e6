"""How colourful colourings are."""

from __future__ import annotations

import torch
from torch import Tensor

from colorzoo.core.interfaces.metric import MetricResult
from colorzoo.core.interfaces.pair import Pair, PairMeanMetric, PairMetric


def colorfulness(rgb: Tensor) -> Tensor:
    """Return the colourfulness (N,) of sRGB (N, 3, H, W) in [0, 1] (Hasler and Suesstrunk 2003, M3).

    Zero for grey, 33 is moderately and 59 quite colourful on its scale of 0-255 values.
    """
    return _strength(_opponent(rgb))


def published(rgb: Tensor) -> Tensor:
    """Return the same of absolute opponent colours: not the definition, but what most papers print."""
    return _strength(_opponent(rgb).abs())


def _opponent(rgb: Tensor) -> Tensor:
    """Return red - green and yellow - blue (N, 2, pixels), of 255."""
    red, green, blue = (255 * rgb).flatten(2).unbind(1)
    return torch.stack([red - green, (red + green) / 2 - blue], 1)


def _strength(opponent: Tensor) -> Tensor:
    mean = opponent.mean(-1)
    spread = (opponent - mean[..., None]).square().mean(-1).sum(1).sqrt()
    return spread + 0.3 * mean.norm(dim=1)  # type: ignore[no-any-return]


class Colorfulness(PairMetric):
    """Mean colourfulness of the first sample over that of the true pictures; 1 is as strong as the truth.

    Squared error rewards grey, so the two belong together. A ratio of means, so no value a picture.
    """

    higher_is_better = True
    best_of = 1

    def __init__(self) -> None:
        self._predicted: list[float] = []
        self._true: list[float] = []

    def update_pair(self, pair: Pair) -> None:
        self._predicted += pair.of_first(colorfulness).tolist()
        self._true += pair.of_target(colorfulness).tolist()

    def compute(self) -> MetricResult:
        true = sum(self._true)
        value = sum(self._predicted) / true if true else float("nan")
        return MetricResult(value=value, unit="of the true pictures'")


class MeanColorfulness(PairMeanMetric):
    """Colourfulness of the first sample (Hasler and Suesstrunk 2003, M3)."""

    higher_is_better = True
    best_of = 1
    unit = "of 0-255 RGB"

    def measure_pair(self, pair: Pair) -> Tensor:
        return pair.of_first(colorfulness)


class PublishedColorfulness(PairMeanMetric):
    """Colourfulness with |R - G| and |yellow - blue|, as DDColor, CT2 and ColorFormer publish it."""

    higher_is_better = True
    best_of = 1
    unit = "of 0-255 RGB"

    def measure_pair(self, pair: Pair) -> Tensor:
        return pair.of_first(published)


class ColorfulnessGap(PairMetric):
    """Distance of the mean colourfulness of the first samples from that of the true pictures.

    Of the set, as the field has it: pictures too pale and too bright cancel.
    """

    higher_is_better = False
    best_of = 1
    measured = staticmethod(colorfulness)

    def __init__(self) -> None:
        self._difference, self._count = 0.0, 0

    def update_pair(self, pair: Pair) -> None:
        gap = (pair.of_first(self.measured) - pair.of_target(self.measured)).double()
        self._difference += float(gap.sum())
        self._count += len(gap)

    def compute(self) -> MetricResult:
        value = abs(self._difference / self._count) if self._count else float("nan")
        return MetricResult(value=value, unit="of 0-255 RGB")


class PublishedColorfulnessGap(ColorfulnessGap):
    """The same for the published variant of colourfulness."""

    measured = staticmethod(published)
