"""The Metric: from colourings and the true picture to a number."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from colorzoo.core.config import Strict

if TYPE_CHECKING:
    from torch import Tensor


class Curve(Strict):
    """How a value changes over something, such as a threshold: `y` at every `x`."""

    over: str
    x: list[float]
    y: list[float]


class MetricResult(Strict):
    """A measured value; `per_image` holds one value a picture, in the order of the updates.

    NaN stands where the metric does not apply to a picture; a comparison leaves it out and counts it.
    """

    value: float
    unit: str
    per_image: list[float] | None = None
    curve: Curve | None = None


class Metric(ABC):
    """Base of every metric: accumulates over batches, then computes."""

    higher_is_better: ClassVar[bool]
    min_samples: ClassVar[int] = 1
    """Samples a picture that the metric needs to mean what its name says."""
    default: ClassVar[bool] = True
    """Measured unless others are asked for; False for what needs a download."""

    @abstractmethod
    def update(self, predicted: Tensor, target: Tensor) -> None:
        """Take predicted (N, K, 3, H, W) and target (N, 3, H, W), both sRGB float32 in [0, 1].

        A colorizer that always answers the same is given with K = 1.
        """

    @abstractmethod
    def compute(self) -> MetricResult:
        """Return the value over everything seen."""

    def state(self) -> dict[str, Any]:
        """Return what was accumulated as JSON can hold it; by default all attributes."""
        return {name: v.tolist() if hasattr(v, "tolist") else v for name, v in vars(self).items()}

    def merge(self, state: Mapping[str, Any]) -> None:
        """Take in another's state: lists are joined, numbers and tensors added.

        Override both where an attribute is none of these.
        """
        for name, more in state.items():
            mine = getattr(self, name)
            if isinstance(mine, list):
                mine.extend(more)
            else:
                setattr(self, name, mine + (mine.new_tensor(more) if hasattr(mine, "new_tensor") else more))


class PerImageMetric(Metric):
    """A metric that is the mean of one value a picture; a subclass gives `measure` and `unit`."""

    unit: ClassVar[str]

    def __init__(self) -> None:
        self._values: list[float] = []

    @abstractmethod
    def measure(self, predicted: Tensor, target: Tensor) -> Tensor:
        """Return one value a picture (N,), NaN where it does not apply; shapes as in `update`."""

    def update(self, predicted: Tensor, target: Tensor) -> None:
        self._values += self.measure(predicted, target).double().tolist()

    def compute(self) -> MetricResult:
        applicable = [value for value in self._values if not math.isnan(value)]
        mean = sum(applicable) / len(applicable) if applicable else float("nan")
        return MetricResult(value=mean, unit=self.unit, per_image=list(self._values), curve=self.curve())

    def curve(self) -> Curve | None:
        """Return how the value changes over something, for metrics that know."""
        return None
