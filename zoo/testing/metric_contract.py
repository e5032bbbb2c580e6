"""What every metric must do."""

from __future__ import annotations

import json
import math

import pytest
import torch

from colorzoo.core.interfaces.metric import Metric, MetricResult
from colorzoo.testing.contract import Contract, build_or_skip

PICTURES, SAMPLES = 5, 4


class MetricContract(Contract):
    """A metric's contract."""

    kind = "metric"
    tolerance = 1e-5
    """Largest relative difference between measuring at once and in parts."""

    @pytest.fixture
    def metric(self) -> Metric:
        """A fresh metric; skips where it says that something is missing here."""
        metric: Metric = build_or_skip(self.target)
        return metric

    def measured(self, order: list[int], parts: int) -> MetricResult:
        """Measure the pictures in an order and in parts that are merged, as several processes do."""
        predicted, target = tensors()
        merged: Metric = self.target()
        for start in range(parts):
            portion: Metric = self.target()
            for index in order[start::parts]:
                portion.update(predicted[index : index + 1], target[index : index + 1])
            merged.merge(json.loads(json.dumps(portion.state())))
        return merged.compute()

    def test_it_says_which_way_is_better(self, metric: Metric) -> None:
        """Direction and unit are stated."""
        assert isinstance(metric.higher_is_better, bool), "set higher_is_better = True or False"
        metric.update(*tensors())
        result = metric.compute()
        assert isinstance(result, MetricResult), f"compute returned a {type(result).__name__}"
        assert result.unit, "MetricResult has no unit"
        assert math.isfinite(result.value), f"value {result.value}"

    def test_it_has_one_value_a_picture_or_none(self, metric: Metric) -> None:
        """per_image holds one value a picture in order, or is None for a value of the whole set."""
        metric.update(*tensors())
        values = metric.compute().per_image
        assert values is None or len(values) == PICTURES, (
            f"{len(values or [])} values for {PICTURES} pictures"
        )

    def test_parts_merge_to_the_whole(self, metric: Metric) -> None:
        """Measured in parts and merged through JSON, or all at once: the same value."""
        metric.update(*tensors())
        together, order = metric.compute().value, list(range(PICTURES))
        for parts in (1, 2, PICTURES):
            merged = self.measured(order, parts).value
            assert math.isclose(merged, together, rel_tol=self.tolerance, abs_tol=1e-12), (
                f"{parts} parts give {merged}, all at once {together}: override state() and merge()"
            )

    def test_the_order_of_pictures_does_not_matter(self, metric: Metric) -> None:
        """The value is the same for the pictures in reverse."""
        order = list(range(PICTURES))
        forth, back = self.measured(order, 1).value, self.measured(order[::-1], 1).value
        assert math.isclose(forth, back, rel_tol=self.tolerance, abs_tol=1e-12), f"{forth}, then {back}"

    def test_the_pictures_are_left_alone(self, metric: Metric) -> None:
        """update changes neither pictures nor the random state."""
        predicted, target = tensors()
        copies, state = (predicted.clone(), target.clone()), torch.get_rng_state()
        metric.update(predicted, target)
        assert torch.equal(predicted, copies[0]), "update changed the predictions"
        assert torch.equal(target, copies[1]), "update changed the originals"
        assert torch.equal(state, torch.get_rng_state()), "update drew from the global random state"


def tensors() -> tuple[torch.Tensor, torch.Tensor]:
    """Return predictions (5, 4, 3, 24, 24) and originals (5, 3, 24, 24), always the same."""
    generator = torch.Generator().manual_seed(0)
    return (
        torch.rand(PICTURES, SAMPLES, 3, 24, 24, generator=generator),
        torch.rand(PICTURES, 3, 24, 24, generator=generator),
    )
