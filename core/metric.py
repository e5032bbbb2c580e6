"""The Metric: from colourings and the true picture to a number."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from colorzoo.core.config import Strict

if TYPE_CHECKING:
    from torch import Tensor


class MetricResult(Strict):
    """A measured value; `per_image` holds one value a picture, in the order of the updates."""

    value: float
    unit: str
    per_image: list[float] | None = None


class Metric(ABC):
    """Base of every metric: accumulates over batches, then computes."""

    higher_is_better: ClassVar[bool]

    @abstractmethod
    def update(self, predicted: Tensor, target: Tensor) -> None:
        """Take predicted (N, K, 3, H, W) and target (N, 3, H, W), both sRGB float32 in [0, 1]."""

    @abstractmethod
    def compute(self) -> MetricResult:
        """Return the value over everything seen."""


class PerImageMetric(Metric):
    """A metric that is the mean of one value a picture; a subclass gives `measure` and `unit`."""

    unit: ClassVar[str]

    def __init__(self) -> None:
        self._values: list[float] = []

    @abstractmethod
    def measure(self, predicted: Tensor, target: Tensor) -> Tensor:
        """Return one value a picture (N,); shapes as in `update`."""

    def update(self, predicted: Tensor, target: Tensor) -> None:
        self._values += self.measure(predicted, target).double().tolist()

    def compute(self) -> MetricResult:
        mean = sum(self._values) / len(self._values) if self._values else float("nan")
        return MetricResult(value=mean, unit=self.unit, per_image=list(self._values))
