"""What every registered plugin must do, built-in or not."""

import json
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from colorzoo.core.colorizer import Exam
from colorzoo.core.config import validate
from colorzoo.core.errors import ColorzooError
from colorzoo.core.metric import MetricResult
from colorzoo.core.packed import Packed
from colorzoo.core.registry import registry
from colorzoo.core.stage import Trainable
from colorzoo.core.training import TrainConfig, train
from tests.conftest import made_picture

COLORIZERS = registry().names("colorizer")
PRESETS = [
    (name, preset)
    for name in COLORIZERS
    for preset in registry().find("colorizer", name).load().Config.presets
]


NARROW = {"width": 4, "discriminator_width": 4, "crop": None}
"""What makes the built-in models quick to test."""


def train_pictures(size):
    images = np.stack([made_picture(i, size, size) for i in range(16)])
    return Packed(images, [str(i) for i in range(16)], "f" * 64)


EXAM = Exam(train_pictures, truth=lambda gray: gray * torch.tensor([1.0, 0.9, 0.5]).view(3, 1, 1))
"""What a comparison would show to those who ask."""


def small(name, preset="default"):
    """Build a plugin narrow enough for a test, with seeded weights."""
    kind = registry().find("colorizer", name).load()
    values = dict(kind.Config.presets[preset])
    values |= {key: value for key, value in NARROW.items() if key in kind.Config.model_fields}
    torch.manual_seed(0)
    model = kind(validate(kind.Config, values, "test"))
    model.acquaint(EXAM)
    return model.eval() if isinstance(model, nn.Module) else model


@pytest.fixture(params=PRESETS, ids="-".join)
def model(request):
    return small(*request.param)


@pytest.mark.parametrize("size", [(64, 64), (1, 1), (37, 51), (2, 300)])
def test_shape_type_and_range(model, size):
    with torch.inference_mode():
        out = model(torch.rand(2, 1, *size), samples=3, seed=0)
    assert out.shape == (2, 3, 3, *size)
    assert out.dtype == torch.float32
    assert out.min() >= 0
    assert out.max() <= 1


def test_one_seed_one_result(model):
    gray = torch.rand(1, 1, 40, 40)
    with torch.inference_mode():
        first = model(gray, samples=4, seed=7)
        assert torch.equal(first, model(gray, samples=4, seed=7))
        different = not torch.equal(first, model(gray, samples=4, seed=8))
        spread = (first[:, 1:] - first[:, :1]).abs().max() > 0
    assert different == (not model.deterministic)
    assert spread == (not model.deterministic)


def test_a_sample_depends_neither_on_its_number_nor_on_its_neighbours(model):
    gray = torch.rand(3, 1, 40, 40)
    with torch.inference_mode():
        many = model(gray, samples=5, seed=1)
        torch.testing.assert_close(model(gray[:1], samples=2, seed=1), many[:1, :2], atol=1e-5, rtol=0)


def test_the_global_random_state_is_left_alone(model):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    model(torch.rand(1, 1, 32, 32, generator=torch.Generator()), samples=2, seed=1)
    assert torch.equal(before, torch.get_rng_state())


def test_luma_is_kept_or_the_plugin_says_so(model):
    from colorzoo.core import color

    gray = torch.rand(1, 1, 48, 48)
    with torch.inference_mode():
        out = model(gray, seed=0)
    if model.keeps_luma:
        torch.testing.assert_close(color.luma(out[:, 0]), gray, atol=1e-4, rtol=0)


def test_config_and_weights_round_trip(model):
    copy = type(model)(pickle.loads(pickle.dumps(model.config)))
    assert copy.config == type(model.config).model_validate(model.config.model_dump(mode="json"))
    copy.load_state(model.state())
    copy.acquaint(EXAM)
    if isinstance(copy, nn.Module):
        copy.eval()
    gray = torch.rand(1, 1, 32, 32)
    with torch.inference_mode():
        assert torch.equal(copy(gray, seed=1), model(gray, seed=1))


@pytest.mark.parametrize("name", COLORIZERS)
def test_training_lowers_the_loss(name, tmp_path):
    model = small(name)
    if not isinstance(model, Trainable):
        pytest.skip("not trainable")
    stages = [stage.name for stage in model.stages()]
    brief = {
        "steps": 40,
        "batch_size": 8,
        "learning_rate": 1e-3,
        "warmup": 0,
        "schedule": "constant",
    }
    values = model.config.model_dump() | dict.fromkeys(stages, brief) | {"size": 64}
    torch.manual_seed(0)
    model = type(model)(type(model.config).model_validate(values))

    train(model, train_pictures, tmp_path, TrainConfig(device="cpu", precision="float32", log_every=8))
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    for stage in stages[:1]:
        total = [sum(v for k, v in r.items() if k not in ("stage", "step", "seconds", "learning_rate"))
                 for r in rows if r["stage"] == stage]  # fmt: skip
        assert sum(total[-2:]) / 2 < total[0]  # players that work against each other make it noisy


@pytest.mark.parametrize("name", registry().names("metric"))
def test_metrics_accumulate_and_prefer_what_they_say(name):
    kind = registry().find("metric", name).load()
    try:
        whole, parts = kind(), kind()
    except ColorzooError as error:
        pytest.skip(str(error))
    target = torch.rand(3, 3, 16, 16)
    predicted = torch.rand(3, 4, 3, 16, 16)
    whole.update(predicted, target)
    for index in range(3):
        one = kind()
        one.update(predicted[index : index + 1], target[index : index + 1])
        parts.merge(json.loads(json.dumps(one.state())))
    result = whole.compute()
    assert isinstance(result, MetricResult)
    assert result.unit
    assert isinstance(kind.higher_is_better, bool)
    assert result.value == pytest.approx(parts.compute().value, rel=1e-5)
    assert len(result.per_image or [0] * 3) == 3


@pytest.mark.parametrize("name", registry().names("dataset"))
def test_datasets_load_and_state_their_facts(name):
    kind = registry().find("dataset", name).load()
    assert kind.splits
    assert kind.info.title
    assert kind.info.licence
