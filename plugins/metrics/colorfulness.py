"""How colourful colourings are."""

from __future__ import annotations

import torch
from torch import Tensor

from colorzoo.core.metric import Metric, MetricResult


class Colorfulness(Metric):
    """Mean colourfulness of the first sample over that of the true pictures; 1 is as strong as the truth.

    Squared error rewards grey, so the two belong together. A ratio of means, so no value a picture.
    """

    higher_is_better = True

    def __init__(self) -> None:
        self._predicted: list[float] = []
        self._true: list[float] = []

    def update(self, predicted: Tensor, target: Tensor) -> None:
        self._predicted += colorfulness(predicted[:, 0]).tolist()
        self._true += colorfulness(target).tolist()

    def compute(self) -> MetricResult:
        true = sum(self._true)
        value = sum(self._predicted) / true if true else float("nan")
        return MetricResult(value=value, unit="of the true pictures'")


def colorfulness(rgb: Tensor) -> Tensor:
    """Return the colourfulness (N,) of sRGB (N, 3, H, W) in [0, 1] (Hasler and Suesstrunk 2003, M3).

    Zero for grey, 33 is moderately and 59 quite colourful on its scale of 0-255 values.
    """
    red, green, blue = (255 * rgb.double()).flatten(2).unbind(1)
    opponent = torch.stack([red - green, (red + green) / 2 - blue], 1)
    spread = opponent.std(-1, correction=0).norm(dim=1)
    return spread + 0.3 * opponent.mean(-1).norm(dim=1)  # type: ignore[no-any-return]
