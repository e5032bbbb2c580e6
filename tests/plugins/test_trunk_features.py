"""Distances in the features of the trunk: each step of a ladder of damage is farther."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from bench.ladders import LADDERS, ladder, value
from colorzoo.core.registry import registry
from colorzoo.plugins.metrics.trunk_features import FeatureDistance, KernelDistance, kernel_distance
from colorzoo.testing import synthetic_picture

SIDE = 64


def made(count):
    return [synthetic_picture(seed, SIDE, SIDE) for seed in range(count)]


@pytest.mark.parametrize(
    ("metric", "name"),
    [(FeatureDistance, name) for name in LADDERS] + [(KernelDistance, name) for name in ("jpeg", "blur")],
)  # made pictures have every hue: as a set they stay
def test_every_step_of_a_ladder_is_farther(metric, name):
    """Of made pictures; `python -m bench.ladders` measures real ones."""
    damage, steps = LADDERS[name]
    values = ladder(metric, damage, steps[::2], made(16))
    assert all(one < other for one, other in pairwise(values))


def test_equal_pictures_have_no_distance_and_the_order_does_not_matter():
    one, other = made(8)[:4], made(8)[4:]
    assert value(FeatureDistance(), one, one) == 0
    assert value(FeatureDistance(), one, other) == pytest.approx(value(FeatureDistance(), other, one))
    assert value(FeatureDistance(), one, other) > 0
    assert value(KernelDistance(), one, other) == pytest.approx(value(KernelDistance(), other, one))


def test_the_kernel_distance_is_that_of_a_loop_over_pairs():
    torch.manual_seed(0)
    one, other = torch.randn(5, 7).double(), torch.randn(5, 7).double()

    def kernel(x, y):
        return float((x @ y / 7 + 1) ** 3)

    def mean(a, b):
        return np.mean([kernel(a[i], b[j]) for i in range(5) for j in range(5) if i != j])

    expected = mean(one, one) + mean(other, other) - 2 * mean(one, other)
    assert kernel_distance(one, other) == pytest.approx(expected)


def test_a_picture_is_not_compared_with_its_own_other_version():
    """Else sets that hardly differ, picture by picture, come out far below zero."""
    torch.manual_seed(0)
    rows = 4 * torch.randn(40, 16)
    nearly = rows + 1e-3 * torch.randn(40, 16)
    halves = [kernel_distance(rows[:20], rows[20:]), kernel_distance(rows[20:], rows[:20])]
    assert abs(kernel_distance(nearly, rows)) < 1e-2 * np.abs(halves).mean()


def test_halves_of_one_set_are_near_whatever_their_size():
    """Without bias: the mean over many splits is zero within three of its standard errors."""
    torch.manual_seed(0)
    rows = torch.rand(60, 16)
    values = []
    for _ in range(200):
        order = torch.randperm(60)
        values.append(kernel_distance(rows[order[:30]], rows[order[30:]]))
    mean, error = np.mean(values), np.std(values) / len(values) ** 0.5
    assert abs(mean) < 3 * error + 1e-3


def test_parts_merge_to_the_whole():
    pictures, other = made(12)[:6], made(12)[6:]
    whole, first, second = KernelDistance(), KernelDistance(), KernelDistance()
    for metric, part in ((whole, slice(0, 6)), (first, slice(0, 3)), (second, slice(3, 6))):
        value(metric, pictures[part], other[part])
    first.merge(second.state())
    assert first.compute().value == pytest.approx(whole.compute().value)
    assert "too few" in first.compute().unit


def test_both_are_known_by_name_and_asked_for():
    for name in ("featdist-lite0", "kd-lite0"):
        assert not registry().find("metric", name).load().default
