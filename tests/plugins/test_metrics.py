import pytest
import torch

from colorzoo.plugins.metrics.error import BestSquaredError, Deviation, ErrorOfBest, Variance


def of(metric, predicted, target):
    metric.update(predicted, target)
    return metric.compute()


def gray(value):
    return torch.full((1, 1, 3, 4, 4), value)


def test_squared_error_of_the_best_by_hand():
    predicted = torch.cat([gray(0.5), gray(0.2)], 1)
    result = of(BestSquaredError(), predicted, gray(0.1)[:, 0])
    assert result.value == pytest.approx((0.1 * 255) ** 2, rel=1e-5)
    assert result.per_image == [pytest.approx(result.value)]


def test_error_of_best_by_hand():
    red = torch.tensor([1.0, 0, 0]).view(1, 1, 3, 1, 1).expand(1, 1, 3, 4, 4)
    expected = (80.0925 + 67.2032) / 2 / 128  # red against a grey: ab are those of red
    assert of(ErrorOfBest(), gray(0.5), red[:, 0]).value == pytest.approx(expected, abs=1e-3)
    both = torch.cat([gray(0.5), red], 1)
    assert of(ErrorOfBest(), both, red[:, 0]).value == pytest.approx(0, abs=1e-6)


def test_spread_by_hand():
    predicted = torch.cat([gray(0.2), gray(0.4)], 1)
    assert of(Deviation(), predicted, gray(0.0)[:, 0]).value == pytest.approx(0.1 * 255, rel=1e-5)
    assert of(Variance(), predicted, gray(0.0)[:, 0]).value == pytest.approx(0, abs=1e-8)  # no chroma
