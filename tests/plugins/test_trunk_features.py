"""Distances in the features of the trunk: each step of a ladder of damage is farther."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from colorzoo.core.imaging.image_io import read
from colorzoo.core.registry import registry
from colorzoo.plugins.metrics.trunk_features import FeatureDistance, KernelDistance, kernel_distance
from colorzoo.testing import synthetic_picture
from tests.conftest import REAL_DATA

SIDE = 128


def jpeg(pixels, quality):
    coded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1]


def blurred(pixels, sigma):
    return cv2.GaussianBlur(pixels, (0, 0), sigma)


def turned(pixels, degrees):
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV_FULL).astype(int)
    hsv[..., 0] = (hsv[..., 0] + round(degrees * 256 / 360)) % 256
    return cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB_FULL)


LADDERS = {
    "jpeg": (jpeg, (95, 75, 50, 25, 10)),
    "blur": (blurred, (0.5, 1, 2, 4)),
    "hue": (turned, (10, 30, 60, 90)),
}


def made():
    return [synthetic_picture(seed, SIDE, SIDE) for seed in range(24)]


def real():
    files = sorted(Path(REAL_DATA or "nowhere", "natural/photos").glob("*.jpg"))[:100]
    if not files:
        pytest.skip("needs natural/photos in COLORZOO_DATA")
    return [cv2.resize(read(file).rgb, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for file in files]


def tensor(pictures):
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


def value(metric, predicted, target):
    with torch.inference_mode():
        metric.update(tensor(predicted)[:, None], tensor(target))
    return metric.compute().value


CASES = [
    (source, metric, ladder)
    for source in (made, real)
    for metric in (FeatureDistance, KernelDistance)
    for ladder in LADDERS
    if (source, metric, ladder)
    != (made, KernelDistance, "hue")  # made pictures have every hue: as a set they stay
]


@pytest.mark.parametrize(("source", "metric", "ladder"), CASES)
def test_every_step_of_a_ladder_is_farther(source, metric, ladder):
    damage, steps = LADDERS[ladder]
    pictures = source()
    values = [value(metric(), [damage(p, step) for p in pictures], pictures) for step in steps]
    assert values == sorted(values)
    assert len(set(values)) == len(values)
    assert value(metric(), pictures, pictures) <= min(values)


def test_equal_pictures_have_no_distance_and_the_order_does_not_matter():
    one, other = made()[:4], made()[4:8]
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
    pictures, other = made()[:6], made()[6:12]
    whole, first, second = KernelDistance(), KernelDistance(), KernelDistance()
    for metric, part in ((whole, slice(0, 6)), (first, slice(0, 3)), (second, slice(3, 6))):
        value(metric, pictures[part], other[part])
    first.merge(second.state())
    assert first.compute().value == pytest.approx(whole.compute().value)
    assert "too few" in first.compute().unit


def test_both_are_known_by_name_and_asked_for():
    for name in ("featdist-lite0", "kd-lite0"):
        assert not registry().find("metric", name).load().default
