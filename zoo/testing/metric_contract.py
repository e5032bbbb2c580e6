"""What every metric must do."""

from __future__ import annotations

import json
import math

import pytest
import torch

from colorzoo.core.imaging import color
from colorzoo.core.interfaces.metric import Metric, MetricResult
from colorzoo.core.interfaces.sequence_metric import SequenceMetric
from colorzoo.testing.contract import Contract, build_or_skip
from colorzoo.testing.images import synthetic_picture

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
        merged: Metric = self.target()
        units = _units(merged)
        for start in range(parts):
            portion: Metric = self.target()
            for index in order[start::parts]:
                portion.update(*units[index])
            merged.merge(json.loads(json.dumps(portion.state())))
        return merged.compute()

    def test_it_says_which_way_is_better(self, metric: Metric) -> None:
        """Direction and unit are stated."""
        assert isinstance(metric.higher_is_better, bool), "set higher_is_better = True or False"
        _feed(metric)
        result = metric.compute()
        assert isinstance(result, MetricResult), f"compute returned a {type(result).__name__}"
        assert result.unit, "MetricResult has no unit"
        assert math.isfinite(result.value), f"value {result.value}"

    def test_it_has_one_value_a_picture_or_none(self, metric: Metric) -> None:
        """per_image holds one value a picture or sequence in order, or is None for one of the whole set."""
        _feed(metric)
        values = metric.compute().per_image
        assert values is None or len(values) == PICTURES, (
            f"{len(values or [])} values for {PICTURES} pictures or sequences"
        )

    def test_parts_merge_to_the_whole(self, metric: Metric) -> None:
        """Measured in parts and merged through JSON, or all at once: the same value."""
        _feed(metric)
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
        predicted, target = _units(metric)[0] if isinstance(metric, SequenceMetric) else tensors()
        copies, state = (predicted.clone(), target.clone()), torch.get_rng_state()
        metric.update(predicted, target)
        assert torch.equal(predicted, copies[0]), "update changed the predictions"
        assert torch.equal(target, copies[1]), "update changed the originals"
        assert torch.equal(state, torch.get_rng_state()), "update drew from the global random state"


def _feed(metric: Metric) -> None:
    """Give a metric all pictures at once, or all sequences one by one."""
    for unit in _units(metric) if isinstance(metric, SequenceMetric) else [tensors()]:
        metric.update(*unit)


def _units(metric: Metric) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Return predictions and originals, picture by picture, or sequence by sequence."""
    if isinstance(metric, SequenceMetric):
        return [shot(seed) for seed in range(PICTURES)]
    predicted, target = tensors()
    return [(predicted[i : i + 1], target[i : i + 1]) for i in range(PICTURES)]


def shot(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return predictions (4, 1, 3, 40, 40) of a pan, each paler than the one before, and the originals."""
    wide = torch.from_numpy(synthetic_picture(seed, 40, 60)).permute(2, 0, 1).float() / 255
    target = torch.stack([wide[..., start : start + 40] for start in range(4)])
    share = torch.tensor([1.0, 0.8, 0.5, 0.1]).view(4, 1, 1, 1) ** (1 + seed / 4)
    return torch.lerp(color.luma(target), target, share)[:, None], target


def tensors() -> tuple[torch.Tensor, torch.Tensor]:
    """Return predictions (5, 4, 3, 24, 24) and originals (5, 3, 24, 24), always the same."""
    generator = torch.Generator().manual_seed(0)
    return (
        torch.rand(PICTURES, SAMPLES, 3, 24, 24, generator=generator),
        torch.rand(PICTURES, 3, 24, 24, generator=generator),
    )
