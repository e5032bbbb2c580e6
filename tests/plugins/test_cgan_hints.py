"""cgan with hints of its own: what it learns of them, and what stays as it was."""

from itertools import product

import numpy as np
import pytest
import torch

import colorzoo
from colorzoo.core.config import from_preset
from colorzoo.core.data.packed import Packed
from colorzoo.core.errors import ConfigError, WeightsError
from colorzoo.core.guidance.simulated_hints import worsened
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.inference.colorize import colorize, predict_many
from colorzoo.core.interfaces.guidance import Guidance, Hint
from colorzoo.core.training.loop import TrainConfig, train
from colorzoo.plugins.cgan.config import CGanConfig
from colorzoo.plugins.cgan.model import CGan
from colorzoo.testing import synthetic_picture

NARROW = ["width=4", "discriminator_width=4", "size=64", "crop=none", "hint_width=4"]
RUN = TrainConfig(device="cpu", precision="float32", checkpoint_seconds=1e6)
RED = "#c03020"


def built(*settings):
    torch.manual_seed(0)
    return CGan(
        from_preset(CGanConfig, "default", [*NARROW, "gan=none", "hints.batch_size=4", *settings])
    ).eval()


def answering_grey(*settings):
    """Return a model that colours nothing unless it is told."""
    model = built(*settings)
    for parameter in model.generator.net.head.parameters():
        torch.nn.init.zeros_(parameter)
    return model


def without_hints():
    torch.manual_seed(0)
    return CGan(from_preset(CGanConfig, "default", [*NARROW[:-1], "hint_width=0", "hints=none"])).eval()


def trained(model, folder, side=64):
    """Let a model learn of pictures of two halves of one grey, in colours that only a hint can tell."""
    rng = np.random.default_rng(0)
    images = np.stack([halves(rng.choice(2), side) for _ in range(8)])
    train(model, lambda size: Packed(images, list("abcdefgh"), "f" * 64), folder, RUN)
    return model.eval()


def halves(swapped, side=96):
    """Return a picture whose halves are divided by a dark line, red beside green or green beside red."""
    red, green = np.array([170, 80, 90]), np.array([70, 135, 85])
    picture = np.empty((side, side, 3), np.uint8)
    picture[:, : side // 2], picture[:, side // 2 :] = (green, red) if swapped else (red, green)
    picture[:, side // 2 - 1 : side // 2 + 1] = 20
    return picture


def error(model):
    """Return the mean squared error of pictures of which a hint in one half is told."""
    errors = []
    for swapped, x in product((0, 1), (12, 30, 66, 84)):
        picture = Picture(halves(swapped))
        hint = Hint(x=x, y=40, color=tuple(picture.rgb[40, x].tolist()))
        (shown,) = colorize(model, picture, {}, Guidance(hints=[hint], paper=False))
        errors.append(np.square(shown.rgb.astype(float) - picture.rgb).mean())
    return float(np.mean(errors))


@pytest.mark.slow
def test_what_it_has_learned_of_hints_is_better_than_their_spread(tmp_path):
    """A hint in one half tells the colour of the other, behind the line where the spread stops."""
    settings = "hints.steps=30", "hints.learning_rate=4e-3", "hints.warmup=5", "hints.ema=0.9", "inked=0"
    before, after = answering_grey(), trained(answering_grey(*settings), tmp_path)
    assert error(after) < 0.75 * error(before)


@pytest.mark.slow
def test_the_rest_stays_bit_for_bit(tmp_path):
    plain = without_hints()
    model = built("hints.steps=2")
    model.load_state(plain.state())
    trained(model, tmp_path)
    state = model.state()
    assert all(torch.equal(state[name], tensor) for name, tensor in plain.state().items())
    assert any(tensor.any() for name, tensor in state.items() if name.startswith("hints.net.head"))
    gray = torch.rand(2, 1, 70, 90)
    assert torch.equal(model(gray), plain(gray))
    assert torch.equal(model(gray, [Guidance(), Guidance()]), plain(gray))


def test_it_says_what_it_takes():
    assert built().capabilities.takes == {"hints", "reach"}
    assert built().capabilities.paper
    assert not without_hints().capabilities.takes
    assert colorzoo.load("cgan").capabilities.takes == {"hints", "reach"}
    assert not colorzoo.load("cgan", "inked").capabilities.takes


def test_weights_without_hints_are_continued_and_others_refused():
    state = without_hints().state()
    built().load_state(state)
    model = built()
    with pytest.raises(WeightsError, match=r"missing hints\."):
        model.load_state({**state, "hints.net.head.bias": torch.zeros(2)})


def test_hints_of_one_page_leave_the_others_of_its_batch():
    model, pages = built(), [Picture(synthetic_picture(seed, 64, 80)) for seed in range(3)]
    told = [Guidance(), Guidance(hints=[Hint(x=40, y=30, color=RED)]), Guidance()]
    together = [
        next(p.pictures(g)) for p, g in zip(predict_many(model, pages, {}, told, 3), told, strict=True)
    ]
    for page, guidance, picture in zip(pages, told, together, strict=True):
        (alone,) = colorize(model, page, {}, guidance)
        assert np.abs(alone.rgb.astype(int) - picture.rgb).max() <= 1
    (unhinted,) = colorize(model, pages[1])
    assert np.abs(unhinted.rgb.astype(int) - together[1].rgb).max() > 10


@pytest.mark.parametrize("size", [(1, 1), (31, 97), (700, 20)])
@pytest.mark.parametrize("samples", [1, 3])
def test_hints_on_pages_of_any_size(size, samples):
    page = Picture(np.full((*size, 3), 120, np.uint8))
    told = Guidance(hints=[Hint(x="50%", y="50%", color=RED)])
    assert [p.rgb.shape for p in colorize(built(), page, {"samples": samples}, told)] == samples * [
        (*size, 3)
    ]


def test_a_hint_outside_is_refused():
    with pytest.raises(ConfigError, match=r"hint 70\.0,5\.0: outside the picture, which is 64x64"):
        colorize(
            built(), Picture(synthetic_picture(0, 64, 64)), {}, Guidance(hints=[Hint(x=70, y=5, color=RED)])
        )


@pytest.mark.parametrize("settings", [["generator=unet"], ["hint_width=0"]])
def test_what_does_not_fit_is_said(settings):
    with pytest.raises(ConfigError, match="hint_width"):
        built(*settings)


def test_half_of_the_answers_are_made_worse():
    chroma = torch.full((400, 2, 16, 16), 0.1)
    torch.manual_seed(0)
    same = (worsened(chroma) == chroma).all(3).all(2).all(1).float().mean()
    assert 0.4 < same < 0.6
