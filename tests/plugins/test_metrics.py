"""Metrics against published values and values worked out by hand."""

import math
import sys
from itertools import pairwise
from types import ModuleType
from urllib.error import URLError

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchmetrics.functional.image import structural_similarity_index_measure

from colorzoo.core.errors import ColorzooError, MetricError, MissingExtraError
from colorzoo.core.imaging import color
from colorzoo.core.interfaces.metric import Metric
from colorzoo.core.interfaces.pair import Pair
from colorzoo.core.registry import registry
from colorzoo.plugins.metrics.auc import AuC, MinL2, RebalancedAuC, Success
from colorzoo.plugins.metrics.best_of_n import (
    BestOfNError,
    BestSquaredError,
    Deviation,
    ErrorOfBestOf1,
    ErrorOfBestOf5,
    ErrorOfBestOf8,
    ErrorOfBestOf100,
    Variance,
)
from colorzoo.plugins.metrics.colorfulness import ColorfulnessGap, colorfulness, published
from colorzoo.plugins.metrics.full_reference import (
    CIEDE2000,
    PSNR,
    ChromaError,
    LumaError,
    chroma_distance,
    ciede2000,
)
from colorzoo.plugins.metrics.perceptual import FID, frechet
from colorzoo.plugins.metrics.ssim import SSIM, SampleSimilarity


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


OF_PICTURES = [name for name in registry().names("metric") if name not in ("consistency", "flicker")]
"""The metrics that are not over sequences."""


def built_in():
    """Return the classes of the built-in metrics that need no download, by name."""
    return {
        name: registry().find("metric", name).load() for name in OF_PICTURES if name not in ("lpips", "fid")
    }


def test_each_metric_looks_at_as_many_answers_as_it_says():
    torch.manual_seed(0)
    target = torch.rand(2, 3, 24, 24)
    predicted = (target[:, None] + 0.2 * torch.randn(2, 100, 3, 24, 24)).clamp(0, 1)
    predicted[:, 3] = target  # the fourth answer is right
    for name, kind in built_in().items():
        whole, first = (of(kind(), predicted[:, :k], target) for k in (100, max(1, kind.min_samples)))
        if kind.best_of == 1:
            assert whole.per_image == first.per_image, name
            assert whole.value == first.value, name
        elif kind.best_of > 3:
            perfect = of(kind(), target[:, None].expand(2, 100, 3, 24, 24), target)
            assert whole.value == pytest.approx(perfect.value, abs=1e-6), name
            asked = of(registry().find("metric", kind.asked_once).load()(), predicted, target)
            assert (asked.value < whole.value) == kind.higher_is_better, name
            assert asked.value == pytest.approx(
                of(_of_any_number(kind)(), predicted[:, :1], target).value
            ), name
        else:
            assert name in {"deviation", "variance", "sample-ssim"}  # those look at all of them


def _of_any_number(kind):
    return type(kind.__name__, (kind,), {"min_samples": 1})


def test_error_of_best_by_hand():
    red = torch.tensor([1.0, 0, 0]).view(1, 1, 3, 1, 1).expand(1, 1, 3, 4, 4)
    expected = (80.0925 + 67.2032) / 2 / 128  # red against a grey: ab are those of red
    assert of(BestOfNError(), gray(0.5), red[:, 0]).value == pytest.approx(expected, abs=1e-3)
    both = torch.cat([gray(0.5), red], 1)
    assert of(BestOfNError(), both, red[:, 0]).value == pytest.approx(0, abs=1e-6)


def test_spread_by_hand():
    predicted = torch.cat([gray(0.2), gray(0.4)], 1)
    assert of(Deviation(), predicted, gray(0.0)[:, 0]).value == pytest.approx(0.1 * 255, rel=1e-5)
    assert of(Variance(), predicted, gray(0.0)[:, 0]).value == pytest.approx(0, abs=1e-8)  # no chroma


SHARMA = """
50.0000 2.6772 -79.7751 50.0000 0.0000 -82.7485 2.0425
50.0000 3.1571 -77.2803 50.0000 0.0000 -82.7485 2.8615
50.0000 2.8361 -74.0200 50.0000 0.0000 -82.7485 3.4412
50.0000 -1.3802 -84.2814 50.0000 0.0000 -82.7485 1.0000
50.0000 -1.1848 -84.8006 50.0000 0.0000 -82.7485 1.0000
50.0000 -0.9009 -85.5211 50.0000 0.0000 -82.7485 1.0000
50.0000 0.0000 0.0000 50.0000 -1.0000 2.0000 2.3669
50.0000 -1.0000 2.0000 50.0000 0.0000 0.0000 2.3669
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0009 7.1792
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0010 7.1792
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0011 7.2195
50.0000 2.4900 -0.0010 50.0000 -2.4900 0.0012 7.2195
50.0000 -0.0010 2.4900 50.0000 0.0009 -2.4900 4.8045
50.0000 -0.0010 2.4900 50.0000 0.0010 -2.4900 4.8045
50.0000 -0.0010 2.4900 50.0000 0.0011 -2.4900 4.7461
50.0000 2.5000 0.0000 50.0000 0.0000 -2.5000 4.3065
50.0000 2.5000 0.0000 73.0000 25.0000 -18.0000 27.1492
50.0000 2.5000 0.0000 61.0000 -5.0000 29.0000 22.8977
50.0000 2.5000 0.0000 56.0000 -27.0000 -3.0000 31.9030
50.0000 2.5000 0.0000 58.0000 24.0000 15.0000 19.4535
50.0000 2.5000 0.0000 50.0000 3.1736 0.5854 1.0000
50.0000 2.5000 0.0000 50.0000 3.2972 0.0000 1.0000
50.0000 2.5000 0.0000 50.0000 1.8634 0.5757 1.0000
50.0000 2.5000 0.0000 50.0000 3.2592 0.3350 1.0000
60.2574 -34.0099 36.2677 60.4626 -34.1751 39.4387 1.2644
63.0109 -31.0961 -5.8663 62.8187 -29.7946 -4.0864 1.2630
61.2901 3.7196 -5.3901 61.4292 2.2480 -4.9620 1.8731
35.0831 -44.1164 3.7933 35.0232 -40.0716 1.5901 1.8645
22.7233 20.0904 -46.6940 23.0331 14.9730 -42.5619 2.0373
36.4612 47.8580 18.3852 36.2715 50.5065 21.2231 1.4146
90.8027 -2.0831 1.4410 91.1528 -1.6435 0.0447 1.4441
90.9257 -0.5406 -0.9208 88.6381 -0.8985 -0.7239 1.5381
6.7747 -0.2908 -2.4247 5.8714 -0.0985 -2.2286 0.6377
2.0776 0.0795 -1.1350 0.9033 -0.0636 -0.5514 0.9082
"""
"""The 34 pairs of Sharma, Wu, Dalal 2005, table 1: two Lab colours and their difference."""


def test_ciede2000_on_the_published_pairs():
    rows = torch.tensor([[float(x) for x in line.split()] for line in SHARMA.split("\n") if line]).double()
    assert len(rows) == 34
    one, other = (rows[:, start : start + 3].T[None, :, None] for start in (0, 3))
    for found in (ciede2000(one, other), ciede2000(other, one)):
        torch.testing.assert_close(found[0, 0], rows[:, 6], atol=5e-5, rtol=0)


def halves(left, right):
    image = torch.zeros(1, 3, 8, 8)
    image[..., :4], image[..., 4:] = (torch.tensor(c).view(3, 1, 1) for c in (left, right))
    return image


RED, GREEN, BLUE = [1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]


@pytest.mark.parametrize(
    ("image", "cf", "as_published"),
    [
        (halves([0.5] * 3, [0.5] * 3), 0, 0),
        (halves(RED, RED), 85.53, 85.53),
        (halves(RED, GREEN), 293.25, 85.53),
        (halves(RED, BLUE), 272.62, 211.51),
    ],
)
def test_colourfulness_both_ways(image, cf, as_published):
    assert colorfulness(image).item() == pytest.approx(cf, abs=0.01)
    assert published(image).item() == pytest.approx(as_published, abs=0.01)


def test_the_gap_is_that_of_the_means():
    metric = ColorfulnessGap()
    for predicted, target in ((halves(RED, RED), gray(0.5)[0]), (gray(0.5)[0], halves(RED, RED))):
        size = predicted.shape[-1]
        metric.update(predicted[:, None], target[..., :1, :1].expand(-1, -1, size, size))
    assert metric.compute().value == pytest.approx(0, abs=1e-9)


def test_psnr_by_hand():
    assert of(PSNR(), gray(0.0), gray(1.0)[:, 0]).value == pytest.approx(0)
    assert of(PSNR(), gray(0.0), gray(0.1)[:, 0]).value == pytest.approx(
        20 - 20 * math.log10(26 / 25.5), 1e-6
    )
    assert of(PSNR(), gray(0.3), gray(0.3)[:, 0]).value == 100
    metric = PSNR()
    metric.update(torch.cat([gray(0.0), gray(0.3)]), torch.cat([gray(1.0), gray(0.3)])[:, 0])
    assert metric.compute().value == 50  # the mean of the pictures, not of their errors


@pytest.mark.parametrize("side", [3, 12, 64])
def test_similarity_of_the_same_and_of_noise(side):
    torch.manual_seed(0)
    image = torch.rand(2, 3, side, side)
    assert of(SSIM(), image[:, None], image).per_image == pytest.approx([1, 1])
    assert of(SSIM(), torch.rand(2, 1, 3, side, side), image).value < 0.9
    both = torch.stack([image, image], 1)
    assert of(SampleSimilarity(), both, image).value == pytest.approx(1)
    assert of(SampleSimilarity(), image[:, None], image).value == 1
    assert of(SampleSimilarity(), torch.rand(2, 3, 3, side, side), image).value < 0.9


def test_colour_and_luma_errors_are_apart():
    red, target = halves(RED, RED), halves(RED, RED)
    brighter = (red * 0.5)[:, None]
    assert of(LumaError(), brighter, target).value == pytest.approx(255 * 0.299 / 2, rel=1e-4)
    grey = torch.full_like(red, 0.299)
    assert of(LumaError(), grey[:, None], target).value == pytest.approx(0, abs=1e-3)
    expected = math.hypot(80.0925, 67.2032)  # ab of red
    assert of(ChromaError(), grey[:, None], target).value == pytest.approx(expected, abs=0.01)
    assert of(CIEDE2000(), target[:, None], target).value == 0


def test_auc_by_hand():
    red = halves(RED, RED)
    grey = torch.full_like(red, 0.5)
    distance = math.hypot(80.0925, 67.2032)  # 104.55: within 105, 106 ... 150 of 151 thresholds
    assert chroma_distance(Pair(grey[:, None], red)).mean().item() == pytest.approx(distance, abs=0.01)
    assert of(AuC(), red[:, None], red).value == 100
    assert of(AuC(), grey[:, None], red).value == pytest.approx(100 * 46 / 151)
    mixed = halves(RED, [0.5] * 3)
    mixed[..., :6] = mixed[..., :1]  # six columns of red, two of grey
    assert of(AuC(), torch.full_like(mixed, 0.5)[:, None], mixed).value == pytest.approx(
        100 * (6 * 46 / 151 + 2) / 8
    )
    assert of(RebalancedAuC(), torch.full_like(mixed, 0.5)[:, None], mixed).value == pytest.approx(
        100 * (46 / 151 + 1) / 2  # both colours count alike
    )


def test_success_and_its_area():
    metric = Success()
    predicted = torch.cat([gray(0.5), gray(0.6)], 1)
    metric.update(predicted, gray(0.62)[:, 0])  # best: 0.02
    metric.update(predicted, gray(0.38)[:, 0])  # best: 0.12
    metric.update(predicted, gray(0.0)[:, 0])  # best: 0.5
    result = metric.compute()
    assert result.per_image == pytest.approx([92, 52, 0], abs=1e-4)
    rates = dict(zip(result.curve.x, result.curve.y, strict=True))
    some = {x: rates[x] for x in (0.05, 0.10, 0.15, 0.20)}
    assert some == pytest.approx({0.05: 1 / 3, 0.10: 1 / 3, 0.15: 2 / 3, 0.20: 2 / 3})
    area = sum(result.curve.y) / len(result.curve.y)
    assert result.value / 100 == pytest.approx(area, abs=0.02)  # a grid of 51
    assert of(MinL2(), predicted, gray(0.38)[:, 0]).value == pytest.approx(0.12, abs=1e-6)


@pytest.mark.parametrize("name", OF_PICTURES)
def test_every_metric_does_not_depend_on_the_batches(name):
    """And knows its unit, its direction, its source, and that the truth is at least as good as noise."""
    torch.manual_seed(1)
    predicted, target = torch.rand(4, 3, 3, 16, 16), torch.rand(4, 3, 16, 16)
    kind = registry().find("metric", name).load()
    try:
        whole, parts, truth = kind(), kind(), kind()
    except ColorzooError as error:
        pytest.skip(str(error))
    whole.update(predicted, target)
    for index in range(4):
        parts.update(predicted[index : index + 1], target[index : index + 1])
    truth.update(target[:, None].expand(-1, 3, -1, -1, -1), target)
    assert parts.compute().value == pytest.approx(whole.compute().value, rel=1e-5)
    assert whole.compute().unit
    assert kind.__doc__
    of_samples = name in ("deviation", "variance", "sample-ssim")
    of_strength = name in ("cf", "cf-abs", "colorfulness")
    if not (of_samples or of_strength):
        better, noise = truth.compute().value, whole.compute().value
        assert better >= noise if kind.higher_is_better else better <= noise


@pytest.mark.parametrize("size", [(40, 33), (250, 250)])
def test_similarity_is_that_of_torchmetrics(size):
    torch.manual_seed(0)
    image = torch.rand(2, 3, *size)
    other = (image + 0.1 * torch.randn_like(image)).clamp(0, 1)
    expected = structural_similarity_index_measure(
        other, image, sigma=1.5, data_range=1.0, reduction="none"
    )
    assert of(SSIM(), other[:, None], image).per_image == pytest.approx(expected.tolist(), abs=1e-4)
    three = torch.stack([image, other, image.flip(-1)], 1)
    pairs = [(0, 1), (0, 2), (1, 2)]
    expected = sum(of(SSIM(), three[:, a : a + 1], three[:, b]).value for a, b in pairs) / 3
    assert of(SampleSimilarity(), three, image).value == pytest.approx(expected, abs=1e-6)


def photo(name):
    data = pytest.importorskip("skimage.data")
    return torch.from_numpy(getattr(data, name)()).permute(2, 0, 1).float()[None] / 255


@pytest.mark.parametrize(
    ("name", "cf", "as_published"),
    [
        ("astronaut", 72.605, 71.373),
        ("coffee", 76.918, 76.780),
        ("chelsea", 37.957, 37.927),
        ("rocket", 38.559, 28.983),
    ],
)
def test_colourfulness_of_well_known_pictures(name, cf, as_published):
    try:
        image = photo(name)
    except Exception as error:  # newer releases of scikit-image download some of them
        pytest.skip(f"{name}: {error}")
    assert colorfulness(image).item() == pytest.approx(cf, abs=2e-3)
    assert published(image).item() == pytest.approx(as_published, abs=2e-3)


def test_auc_of_the_truth_and_of_grey_on_a_well_known_picture():
    image = photo("astronaut")
    assert of(AuC(), image[:, None], image).value == 100
    grey = color.luma(image).expand(-1, 3, -1, -1)
    assert of(AuC(), grey[:, None], image).value == pytest.approx(86.05, abs=0.02)


def test_the_decibels_of_the_papers_squared_error():
    target = torch.zeros(1, 3, 50, 50)
    predicted = torch.full((7500,), 22.0)
    predicted[:349] = 21.0  # 349 of 441 and 7151 of 484: 482 in the mean
    predicted = predicted.view(1, 1, 3, 50, 50) / 255
    squared = of(BestSquaredError(), predicted, target).value
    assert squared == pytest.approx(482, abs=0.01)
    assert of(PSNR(), predicted, target).value == pytest.approx(21.30, abs=5e-3)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 12))
def test_the_error_of_the_best_never_grows_with_the_samples(seed, count):
    generator = torch.Generator().manual_seed(seed)
    predicted = torch.rand(2, count, 3, 6, 5, generator=generator)
    target = torch.rand(2, 3, 6, 5, generator=generator)
    kinds = (ErrorOfBestOf1, ErrorOfBestOf5, ErrorOfBestOf8, ErrorOfBestOf100, BestOfNError)
    results = [of(kind(), predicted, target) for kind in kinds]
    for fewer, more in pairwise(results):
        assert all(b <= a for a, b in zip(fewer.per_image, more.per_image, strict=True))
    curve = results[-1].curve
    assert curve.x == [float(k) for k in range(1, count + 1)]
    assert all(b <= a for a, b in pairwise(curve.y))
    assert curve.y[-1] == pytest.approx(results[-1].value)


def test_lab_is_computed_once_a_picture_and_a_target_once_for_all_its_colourings(monkeypatch):
    asked = []
    lab = color.lab
    monkeypatch.setattr(color, "lab", lambda rgb: asked.append(rgb) or lab(rgb))
    target = torch.rand(1, 3, 4, 4)
    pairs = [Pair(torch.rand(1, 2, 3, 4, 4), target)]
    pairs.append(pairs[0].beside(torch.rand(1, 2, 3, 4, 4)))
    shared = [[kind() for kind in (CIEDE2000, BestOfNError, Variance, AuC)] for _ in pairs]
    for pair, metrics in zip(pairs, shared, strict=True):
        for metric in metrics:
            metric.update_pair(pair)
    assert len(asked) == 3
    for pair, metrics in zip(pairs, shared, strict=True):
        for metric in metrics:
            assert metric.compute() == of(type(metric)(), pair.predicted, target)
    assert torch.equal(pairs[0].gray, color.luma(target))


def test_a_metric_that_only_has_update_takes_pairs():
    class Mean(Metric):
        higher_is_better = True

        def update(self, predicted, target):
            self.seen = predicted, target

        def compute(self):
            raise NotImplementedError

    metric, pair = Mean(), Pair(torch.rand(1, 1, 3, 2, 2), torch.rand(1, 3, 2, 2))
    metric.update_pair(pair)
    assert metric.seen == (pair.predicted, pair.target)


def test_frechet_distance_of_known_gaussians():
    torch.manual_seed(0)
    one = torch.randn(200_000, 3).double()
    assert frechet(one, one) == pytest.approx(0, abs=1e-6)
    # means 2 apart in one direction, deviations 1 and 3 in another: 2^2 + (3 - 1)^2
    other = torch.randn(200_000, 3).double() * torch.tensor([1.0, 3.0, 1.0]) + torch.tensor([2.0, 0, 0])
    assert frechet(one, other) == pytest.approx(8, rel=0.02)


@pytest.fixture
def forgetful():
    from colorzoo.plugins.metrics import perceptual as learned

    learned._inception.cache_clear()
    learned._lpips.cache_clear()
    yield
    learned._inception.cache_clear()
    learned._lpips.cache_clear()


@pytest.mark.usefixtures("forgetful")
def test_a_missing_backbone_is_said_plainly(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(MissingExtraError, match=r"colorzoo\[perceptual\]"):
        FID()

    def no_network(*_):
        raise URLError("no route to host")

    fake = ModuleType("torch_fidelity.feature_extractor_inceptionv3")
    fake.FeatureExtractorInceptionV3 = no_network
    monkeypatch.setitem(sys.modules, "torch_fidelity", ModuleType("torch_fidelity"))
    monkeypatch.setitem(sys.modules, fake.__name__, fake)
    with pytest.raises(MetricError, match=r"downloaded at first use.*no route to host.*--metrics"):
        FID()


def test_fid_states_how_many_pictures_it_is_of(monkeypatch):
    from colorzoo.plugins.metrics import perceptual as learned

    monkeypatch.setattr(learned, "_inception", lambda: lambda image: (image.float().mean((-1, -2)),))
    metric = FID()
    torch.manual_seed(0)
    image = torch.rand(5, 3, 8, 8)
    metric.update(image[:, None], image)
    result = metric.compute()
    assert result.unit == "FID of N = 5, too few: at least 2048 are needed"
    assert result.value == pytest.approx(0, abs=1e-3)
