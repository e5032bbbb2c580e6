"""The Metric: a number from colourings and the true picture."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from colorzoo.core.config import Strict

if TYPE_CHECKING:
    from torch import Tensor

    from colorzoo.core.interfaces.pair import Pair


EVERY_SAMPLE = 1_000_000
"""More samples than anybody asks for."""


class Curve(Strict):
    """A value as a function of `over`, such as a threshold: `y` at every `x`.

    low, high: bounds of the 95 % interval at every `x`, where there are any.
    """

    over: str
    x: list[float]
    y: list[float]
    low: list[float | None] | None = None
    high: list[float | None] | None = None


class MetricResult(Strict):
    """A measured value; `per_image` holds one value a picture, in the order of the updates.

    NaN means that the metric does not apply to a picture; a comparison leaves it out and counts it.
    """

    value: float
    unit: str
    per_image: list[float] | None = None
    curve: Curve | None = None


class Metric(ABC):
    """Base of every metric: accumulates over batches, then computes."""

    higher_is_better: ClassVar[bool]
    min_samples: ClassVar[int] = 1
    """Samples a picture that the metric needs."""
    best_of: ClassVar[int] = 0
    """Of how many samples it measures the best, chosen by the truth: 1 for one that looks at the first
    alone, `EVERY_SAMPLE` for all there are; 0 for one that looks at all of them."""
    asked_once: ClassVar[str] = ""
    """Name of the metric that measures the same of one answer, for one that takes the best of several."""
    default: ClassVar[bool] = True
    """Whether it is measured unless metrics are named; False if it needs a download."""

    @abstractmethod
    def update(self, predicted: Tensor, target: Tensor) -> None:
        """Take predicted (N, K, 3, H, W) and target (N, 3, H, W), both sRGB float32 in [0, 1].

        K is 1 for a deterministic colorizer.
        """

    def update_pair(self, pair: Pair) -> None:
        """Take the same with ids and guidance; by default `update` gets predicted and target.

        Override it to share with other metrics what is computed of them, such as `pair.target_lab`.
        """
        self.update(pair.predicted, pair.target)

    @abstractmethod
    def compute(self) -> MetricResult:
        """Return the value over all updates."""

    def state(self) -> dict[str, Any]:
        """Return what was accumulated, as values that JSON can hold; by default all attributes."""
        return {name: v.tolist() if hasattr(v, "tolist") else v for name, v in vars(self).items()}

    def merge(self, state: Mapping[str, Any]) -> None:
        """Add the `state` of another metric: lists are joined, numbers and tensors added.

        Override both methods if an attribute is none of these.
        """
        for name, other in state.items():
            own = getattr(self, name)
            if isinstance(own, list):
                own.extend(other)
            else:
                setattr(self, name, own + (own.new_tensor(other) if hasattr(own, "new_tensor") else other))


class PerImageMetric(Metric):
    """A metric that is the mean of one value a picture; a subclass gives `measure` and `unit`."""

    unit: ClassVar[str]

    def __init__(self) -> None:
        self._values: list[float] = []

    @abstractmethod
    def measure(self, predicted: Tensor, target: Tensor) -> Tensor:
        """Return one value a picture (N,), NaN if it does not apply; shapes as in `update`."""

    def update(self, predicted: Tensor, target: Tensor) -> None:
        self._values += self.measure(predicted, target).double().tolist()

    def compute(self) -> MetricResult:
        applicable = [value for value in self._values if not math.isnan(value)]
        mean = sum(applicable) / len(applicable) if applicable else float("nan")
        return MetricResult(value=mean, unit=self.unit, per_image=list(self._values), curve=self.curve())

    def curve(self) -> Curve | None:
        """Return the value as a function of a parameter; None for a metric without one."""
        return None
