"""The Pair: colourings beside the true picture, and what metrics compute of them once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

from torch import Tensor

from colorzoo.core.imaging import color
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.core.interfaces.metric import Metric, PerImageMetric

Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Pair:
    """Colourings predicted (N, K, 3, H, W) and the true target (N, 3, H, W), sRGB float32 in [0, 1].

    ids, guidance: of the N pictures where they are known, else empty. The tensors must not be changed:
    what is computed of them is kept, that of the target for every pair made by `beside`.
    """

    predicted: Tensor
    target: Tensor
    ids: Sequence[str] = ()
    guidance: Sequence[Guidance] = ()
    _of_target: dict[Any, Any] = field(default_factory=dict, repr=False)
    _of_pair: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    def beside(self, predicted: Tensor) -> Pair:
        """Return other colourings beside the same target, which shares what was computed of that."""
        return replace(self, predicted=predicted)

    @cached_property
    def first(self) -> Tensor:
        """The first sample of each picture, (N, 3, H, W)."""
        return self.predicted[:, 0]

    @cached_property
    def predicted_lab(self) -> Tensor:
        """CIE Lab (N, K, 3, H, W) of the colourings."""
        return color.lab(self.predicted)

    @property
    def target_lab(self) -> Tensor:
        """CIE Lab (N, 3, H, W) of the target."""
        return self.of_target(color.lab)

    @property
    def gray(self) -> Tensor:
        """BT.601 luma (N, 1, H, W) of the target, which is what was coloured."""
        return self.of_target(color.luma)

    def once(self, function: Callable[[Pair], Result]) -> Result:
        """Return a function of the pair, computed when it is first asked for."""
        return _once(self._of_pair, function, self)

    def of_first(self, function: Callable[[Tensor], Result]) -> Result:
        """Return a function of the first samples (N, 3, H, W), computed when it is first asked for."""
        return _once(self._of_pair, function, self.first)

    def of_target(self, function: Callable[[Tensor], Result]) -> Result:
        """Return a function of the target (N, 3, H, W), computed when it is first asked for."""
        return _once(self._of_target, function, self.target)


def _once(known: dict[Any, Any], function: Callable[[Any], Result], argument: object) -> Result:
    if function not in known:
        known[function] = function(argument)
    result: Result = known[function]
    return result


class PairMetric(Metric):
    """A metric of pairs, which shares with others what is computed of them; it gives `update_pair`."""

    @abstractmethod
    def update_pair(self, pair: Pair) -> None:
        """Take colourings and true pictures."""

    def update(self, predicted: Tensor, target: Tensor) -> None:
        self.update_pair(Pair(predicted, target))


class PairMeanMetric(PairMetric, PerImageMetric):
    """A metric of pairs that is the mean of one value a picture; it gives `measure_pair` and `unit`."""

    @abstractmethod
    def measure_pair(self, pair: Pair) -> Tensor:
        """Return one value a picture (N,), NaN if it does not apply."""

    def measure(self, predicted: Tensor, target: Tensor) -> Tensor:
        return self.measure_pair(Pair(predicted, target))

    def update_pair(self, pair: Pair) -> None:
        self._values += self.measure_pair(pair).double().tolist()
