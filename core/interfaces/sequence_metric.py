"""The SequenceMetric: a number from the pictures of a chapter or a shot, coloured in their order."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, TypeVar

import torch
from torch import Tensor

from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.core.interfaces.metric import Metric, MetricResult
from colorzoo.core.interfaces.pair import Pair

Result = TypeVar("Result")


class PairSequence:
    """The pairs of a sequence in order, each one colouring (1, 1, 3, H, W) beside its original.

    predicted, target: sRGB (3, H, W) of each, of any sizes, as uint8 or as floats in [0, 1]; pairs are made
    when they are asked for. ids, guidance: of the pictures where they are known, else empty.
    """

    def __init__(
        self,
        predicted: Sequence[Tensor],
        target: Sequence[Tensor],
        ids: Sequence[str] = (),
        guidance: Sequence[Guidance] = (),
    ) -> None:
        self.predicted, self.target, self.ids, self.guidance = predicted, target, ids, guidance
        self._of_targets: dict[Any, Any] = {}

    def __len__(self) -> int:
        return len(self.target)

    def __getitem__(self, index: int) -> Pair:
        return Pair(
            _floats(self.predicted[index])[None, None],
            _floats(self.target[index])[None],
            ids=self.ids[index : index + 1],
            guidance=self.guidance[index : index + 1],
        )

    def __iter__(self) -> Iterator[Pair]:
        return (self[index] for index in range(len(self)))

    def beside(self, predicted: Sequence[Tensor]) -> PairSequence:
        """Return other colourings of the same originals, which share what was computed of these."""
        other = PairSequence(predicted, self.target, self.ids, self.guidance)
        other._of_targets = self._of_targets
        return other

    def of_targets(self, function: Callable[[PairSequence], Result]) -> Result:
        """Return a function of the originals, computed when it is first asked for."""
        if function not in self._of_targets:
            self._of_targets[function] = function(self)
        result: Result = self._of_targets[function]
        return result


class SequenceMetric(Metric):
    """A metric that is the mean of one value a sequence; a subclass gives `measure_sequence` and `unit`.

    A comparison hands it every sequence of the dataset, coloured once with one seed for all its pictures.
    """

    unit: ClassVar[str]
    best_of: ClassVar[int] = 1
    default: ClassVar[bool] = False

    def __init__(self) -> None:
        self._values: list[float] = []

    @abstractmethod
    def measure_sequence(self, pairs: PairSequence) -> float:
        """Return the value of a sequence, NaN if it does not apply."""

    def update_sequence(self, pairs: PairSequence) -> None:
        """Take a sequence."""
        self._values.append(float(self.measure_sequence(pairs)))

    def update(self, predicted: Tensor, target: Tensor) -> None:
        """Take the pictures of a batch as one sequence, the first sample of each."""
        self.update_sequence(PairSequence(list(predicted[:, 0]), list(target)))

    def compute(self) -> MetricResult:
        applicable = [value for value in self._values if not math.isnan(value)]
        mean = sum(applicable) / len(applicable) if applicable else float("nan")
        return MetricResult(value=mean, unit=self.unit, per_image=list(self._values))


def _floats(picture: Tensor) -> Tensor:
    return picture.float() / 255 if picture.dtype == torch.uint8 else picture
