"""The zoo from Python, with the embedded weights."""

import numpy as np
import pytest
import torch

import colorzoo
from colorzoo.core.errors import ImageError, UnknownNameError
from colorzoo.core.registry import registry
from colorzoo.core.weights import folder as weights
from colorzoo.hub import catalog
from colorzoo.testing import synthetic_picture

EMBEDDED = [(plugin, name) for plugin in registry().names("colorizer") for name in catalog.embedded(plugin)]


def test_the_promised_weights_are_embedded():
    names = {(plugin, name) for plugin in ("vae-mdn", "cgan") for name in ("default", "paper", "photos")}
    assert names | {("unet", "default")} <= set(EMBEDDED)


@pytest.mark.parametrize(("plugin", "name"), EMBEDDED)
def test_embedded_weights_load_and_tell_where_they_come_from(plugin, name):
    colorizer = colorzoo.load(plugin, name)
    with torch.inference_mode():
        assert colorizer(torch.rand(1, 1, 64, 64), seed=0).shape == (1, 1, 3, 64, 64)
    folder = catalog.find(plugin, name)
    info = weights.read_info(folder)
    assert (info.plugin, info.name) == (plugin, name)
    assert info.trained_on
    assert info.metrics
    assert info.license
    assert (folder / "model.safetensors").stat().st_size <= (30_000_000 if plugin == "cgan" else 15_000_000)
    assert info.trained_on.fingerprint in (folder / "README.md").read_text()


def test_one_call_colours_an_array_or_a_path(tmp_path):
    gray = synthetic_picture(0)[..., 0]
    one, two = colorzoo.colorize(gray, samples=2, seed=0)
    assert one.shape == (*gray.shape, 3)
    assert not np.array_equal(one, two)
    with pytest.raises(ImageError, match="expected uint8"):
        colorzoo.colorize(gray.astype(float))
    with pytest.raises(ImageError, match="no such file"):
        colorzoo.colorize(tmp_path / "none.png")


def test_unknown_names_are_helped():
    with pytest.raises(UnknownNameError, match="did you mean vae-mdn"):
        colorzoo.load("vaemdn")
    with pytest.raises(AttributeError):
        colorzoo.nothing  # noqa: B018


@pytest.mark.parametrize(("plugin", "name"), [("vae-mdn", None), ("cgan", None), ("grey", None)])
def test_loading_changes_no_random_state_and_asks_for_no_gradients(plugin, name):
    before = torch.get_rng_state()
    colorizer = colorzoo.load(plugin, name)
    assert torch.equal(before, torch.get_rng_state())
    assert not any(tensor.requires_grad for tensor in getattr(colorizer, "parameters", list)())
