"""vae-mdn with hints of its own: what it learns of them, and what stays as it was."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from colorzoo.core.data.packed import Packed
from colorzoo.core.guidance.apply import HINTS
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.inference.colorize import colorize, predict
from colorzoo.core.interfaces.guidance import Guidance, Hint
from colorzoo.core.training.loop import TrainConfig, train
from colorzoo.plugins.vae_mdn.config import VaeMdnConfig
from colorzoo.plugins.vae_mdn.model import VaeMdn
from colorzoo.testing import synthetic_picture

SMALL = {"size": 64, "width": 4, "hidden": 16, "dropout": 0.0, "vae": None, "mdn": None, "refine": None}
STEPS = {
    "steps": 60, "batch_size": 4, "learning_rate": 4e-3, "warmup": 5, "beta2": 0.99, "ema": 0.9
}  # fmt: skip
RED = "#c03020"


def built(**changes):
    torch.manual_seed(0)
    default = VaeMdnConfig.presets["default"]
    settings = {**default, **SMALL, "hint_width": 4, "hints": STEPS, **changes}
    return VaeMdn(VaeMdnConfig.model_validate(settings)).eval()


def answering_grey():
    """Return a model that colours nothing unless it is told."""
    model = built()
    for parameter in model.decoder.net.head.parameters():
        torch.nn.init.zeros_(parameter)
    return model


def without_hints():
    return built(hint_width=0, hints=None, mean_share=0.0)


def halves(swapped, side):
    """Return a picture whose halves are divided by a dark line, red beside green or green beside red."""
    red, green = np.array([170, 80, 90]), np.array([70, 135, 85])
    picture = np.empty((side, side, 3), np.uint8)
    picture[:, : side // 2], picture[:, side // 2 :] = (green, red) if swapped else (red, green)
    picture[:, side // 2 - 1 : side // 2 + 1] = 20
    return picture


def error(model):
    """Return the mean squared error of pictures of which a hint in one half is told."""
    errors = []
    for swapped, x in ((0, 12), (0, 84), (1, 30), (1, 66)):
        picture = Picture(halves(swapped, 96))
        told = Guidance(hints=[Hint(x=x, y=40, color=tuple(picture.rgb[40, x].tolist()))], paper=False)
        own = predict(model, picture, {"mode": "mean", "seed": 0}, told)
        (shown,) = own.pictures(told.without(HINTS))
        errors.append(np.square(shown.rgb.astype(float) - picture.rgb).mean())
    return float(np.mean(errors))


@pytest.mark.slow
def test_it_learns_to_follow_hints_and_the_rest_stays_bit_for_bit(tmp_path):
    before, model = answering_grey(), answering_grey()
    images = np.stack([halves(seed % 2, model.stages()[0].size) for seed in range(8)])
    pictures = Packed(images, list("abcdefgh"), "f" * 64)
    train(model, lambda size: pictures, tmp_path, TrainConfig(device="cpu", precision="float32"))
    model.eval()
    assert error(model) < 0.75 * error(before)
    own, other = model.state(), before.state()
    assert all(torch.equal(own[name], other[name]) for name in own if not name.startswith("hints."))
    gray = torch.rand(2, 1, 70, 90)
    for mode in ("sample", "mean"):
        plain = before(gray, mode=mode, samples=2, seed=1)
        assert torch.equal(model(gray, mode=mode, samples=2, seed=1), plain)
        assert torch.equal(model(gray, [Guidance(), Guidance()], mode=mode, samples=2, seed=1), plain)


def test_without_hints_it_answers_as_a_model_without_the_network():
    plain, model = without_hints(), built(mean_share=0.0)
    model.load_state(plain.state())
    gray = torch.rand(2, 1, 70, 90)
    for mode in ("sample", "mean"):
        assert torch.equal(
            model(gray, mode=mode, samples=2, seed=1), plain(gray, mode=mode, samples=2, seed=1)
        )


def test_it_says_what_it_takes():
    assert built().capabilities.takes == {"hints", "reach"}
    assert not without_hints().capabilities.takes


@pytest.mark.parametrize("size", [(1, 1), (31, 97), (300, 20)])
def test_hints_on_pictures_of_any_size(size):
    picture = Picture(np.full((*size, 3), 120, np.uint8))
    told = Guidance(hints=[Hint(x="50%", y="50%", color=RED)])
    assert [p.rgb.shape for p in colorize(built(), picture, {"samples": 3}, told)] == 3 * [(*size, 3)]


def test_samples_stay_different_under_a_hint_and_each_follows_it():
    picture = Picture(synthetic_picture(1, 64, 80))
    told = Guidance(hints=[Hint(x=40, y=30, color=RED)], reach=0.0)
    one, other = (p.rgb.astype(int) for p in colorize(built(), picture, {"samples": 2, "seed": 0}, told))
    assert np.abs(one - other).max() > 10
    assert np.abs(one - other)[30, 40].max() <= 4


@pytest.mark.parametrize("settings", [{"trunk": "conv", "size": 64}, {"hint_width": 0}])
def test_what_does_not_fit_is_said(settings):
    with pytest.raises(ValidationError, match="hint_width"):
        built(**settings)
