"""The contract of colorzoo, and that the networks are those of the release, on the right scales."""

import json
import tomllib
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import torch
from colorzoo_zhang.config import ZhangConfig
from colorzoo_zhang.lab import rgb_of_ab
from colorzoo_zhang.model import Eccv16, Siggraph17
from colorzoo_zhang.networks import BINS, Eccv16Network, Siggraph17Network
from rules import draw, fill, inputs, sampled, wired
from torch import nn
from torch.nn.functional import max_pool2d

import colorzoo
from colorzoo.core import Guidance, Hint, color
from colorzoo.core.weights.adoption import adopted
from colorzoo.testing import ColorizerContract

HERE = Path(__file__).parent
NETWORKS = {"eccv16": Eccv16Network, "siggraph17": Siggraph17Network}
COLORIZERS = {"eccv16": Eccv16, "siggraph17": Siggraph17}
RECORDED = json.loads((HERE / "recorded.json").read_text())
"""What the release's own code gives for weights and inputs by rule (rules.py)."""
TINY = ZhangConfig(width=2)
SMALL = {"input_size": 32}


class TestEccv16(ColorizerContract):
    plugin = "eccv16"
    config = {"width": 4}
    options = SMALL


class TestSiggraph17(ColorizerContract):
    plugin = "siggraph17"
    config = {"width": 4}
    options = SMALL


@pytest.mark.parametrize("name", NETWORKS)
def test_names_and_shapes_are_those_of_the_release(name):
    released = dict(line.split() for line in (HERE / f"{name}.txt").read_text().splitlines())
    with torch.device("meta"):
        own = NETWORKS[name]().state_dict()
    assert {key: "x".join(map(str, t.shape)) or "scalar" for key, t in own.items()} == released


@pytest.mark.parametrize(
    ("name", "parameters", "operations"),
    [("eccv16", 32_236_011, 83.55), ("siggraph17", 34_187_027, 150.39)],
)
def test_parameters_and_operations(name, parameters, operations):
    counted = []

    def count(part, given, out):
        smaller = given[0] if isinstance(part, nn.ConvTranspose2d) else out
        counted.append(2 * part.weight.numel() * smaller[0, 0].numel())

    with torch.device("meta"):
        network = NETWORKS[name]().eval()
    for part in network.to_empty(device="cpu").modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            part.register_forward_hook(count)
    planes = [torch.zeros(1, channels, 32, 32) for channels in (1, 2, 1)]
    with torch.inference_mode():
        network(*planes[: 1 if name == "eccv16" else 3])
    assert sum(p.numel() for p in network.parameters()) == parameters
    as_published = (256 // 32) ** 2  # all of it is convolutions, whose operations grow with the area
    assert as_published * sum(counted) / 1e9 == pytest.approx(operations, abs=0.01)


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_are_those_of_the_release(name):
    network = fill(NETWORKS[name]())
    for case, expected in RECORDED[name].items():
        light, hints, mask = inputs(*map(int, case.split()[0].split("x")))
        if name == "siggraph17":
            planes = (0 * hints, 0 * mask) if case.endswith("without hints") else (hints, mask)
        else:
            planes = ()
        with torch.inference_mode():
            given = network(light, *planes)
        np.testing.assert_allclose(sampled(given), expected, atol=5e-4, rtol=0, err_msg=case)


@pytest.mark.parametrize("counters", [True, False], ids=["with counters", "without"])
@pytest.mark.parametrize("name", COLORIZERS)
def test_published_files_are_adopted(name, counters):
    released = fill(NETWORKS[name](TINY.width)).state_dict()
    file = {key: t for key, t in released.items() if counters or not key.endswith("num_batches_tracked")}
    model = adopted(file, COLORIZERS[name], TINY)
    assert all(torch.equal(model.net.state_dict()[key], tensor) for key, tensor in file.items())


def seen(model, gray, guidance=()):
    """Return what the first layer of a colorizer's network is given for grey."""
    given = []
    hook = model.net.model1.register_forward_pre_hook(lambda part, planes: given.append(planes[0]))
    with torch.inference_mode():
        model(gray, guidance, **SMALL)
    hook.remove()
    return given[0]


@pytest.mark.parametrize("name", COLORIZERS)
def test_lightness_is_normalized_as_in_the_release(name):
    gray = torch.tensor([0.0, 0.5, 1.0]).view(3, 1, 1, 1).expand(-1, -1, 32, 32)
    given = seen(COLORIZERS[name](TINY).eval(), gray)
    expected = (torch.tensor([0.0, 53.389, 100.0]) - 50) / 100  # L of 0, 0.5 and 1 in sRGB
    np.testing.assert_allclose(given[:, 0, 16, 16], expected, atol=1e-4, rtol=0)


def test_a_hint_is_ab_at_the_luma_of_its_place_and_a_mask():
    red = torch.tensor([180, 60, 70]) / 255
    gray = color.luma(red.view(1, 3, 1, 1)).expand(2, 1, 64, 128)
    hint = Hint(x=96, y=16, color=(180, 60, 70), radius=0)
    given = seen(Siggraph17(TINY).eval(), gray, [Guidance(hints=[hint]), Guidance()])
    ab = color.lab(red.view(3, 1, 1))[1:, 0, 0]
    np.testing.assert_allclose(given[0, 1:3, 8, 24], ab / 110, atol=1e-3, rtol=0)
    assert given[0, 3].sum() == given[0, 3, 8, 24] == 1
    assert not given[0, 1:3, given[0, 3] == 0].any()
    assert not given[1, 1:].any()


def test_every_colour_is_found_by_its_ab_and_its_luma():
    generator = torch.Generator().manual_seed(0)
    rgb = (3 * torch.rand(1, 3, 100, 100, generator=generator) - 1).clamp(0, 1)
    again = rgb_of_ab(color.luma(rgb), color.lab(rgb)[:, 1:])
    assert (again - rgb).abs().max() < 1 / 255
    assert (again - rgb).abs().mean() < 5e-4


def constant(name, ab):
    """Return a colorizer that says the same ab everywhere."""
    model, wanted = wired(COLORIZERS[name](TINY)), torch.tensor(ab) / 110
    if name == "eccv16":
        model.net.model_out.weight.data[:] = wanted.view(2, 1, 1, 1)  # the colour of all bins
    else:
        model.net.model_out[0].bias.data[:] = wanted.atanh()
    return model


@pytest.mark.parametrize("ab", [(28.0, -14.0), (-20.0, 30.0)], ids=["violet", "green"])
@pytest.mark.parametrize("name", COLORIZERS)
def test_a_constant_ab_is_the_colour_of_the_whole_picture(name, ab):
    model, wanted = constant(name, ab), torch.tensor(ab).view(1, 2, 1, 1)
    gray = torch.linspace(0.4, 0.6, 61 * 87).view(1, 1, 61, 87)
    with torch.inference_mode():
        colored = model(gray, **SMALL)[:, 0]
    assert (color.lab(colored)[:, 1:] - wanted).abs().max() < 0.05
    np.testing.assert_allclose(color.luma(colored), gray, atol=1e-5, rtol=0)
    (picture,) = colorzoo.colorize((gray[0, 0] * 255).round().byte().numpy(), model, **SMALL)
    written = color.lab(torch.from_numpy(picture.rgb.copy()).permute(2, 0, 1).float() / 255)[1:]
    assert (written - wanted[0]).abs().max() < 1.5  # of rounding to 255


def follower(name):
    """Return a colorizer whose a follows the brightness of each place; b is 0."""
    if name == "siggraph17":
        model = wired(Siggraph17(TINY), "model1", "model1short10", "model10", "model_out")
        model.net.model_out[0].weight.data *= 0.4
        return model
    model = wired(Eccv16(TINY), *(f"model{number}" for number in range(1, 9)), "model_out")
    model.net.model8[6].weight.data *= 12
    model.net.model_out.weight.data *= 0.4
    return model


@pytest.mark.parametrize(("height", "width"), [(96, 96), (70, 150), (131, 64)])
@pytest.mark.parametrize("name", COLORIZERS)
def test_colours_are_where_the_picture_is(name, height, width):
    gray = torch.full((1, 1, height, width), 0.3)
    gray[..., height // 8 : height // 2, width // 2 : 7 * width // 8] = 0.7
    with torch.inference_mode():
        a, b = color.lab(follower(name)(gray, input_size=64)[0, 0])[1:]
    inside = gray[0] > 0.5
    assert a[_eroded(inside)].min() > a[_eroded(~inside)].max() + 5
    assert b.abs().max() < 1


def _eroded(mask, by=8):
    """Return where a mask (1, H, W) holds with so many pixels around."""
    return max_pool2d((~mask).float(), 2 * by + 1, 1, by)[0] == 0


def test_temperature_goes_from_the_likeliest_colour_to_the_mean_of_all():
    model = constant("eccv16", (0.0, 0.0))
    colors, scores = draw("colours", (2, BINS)), draw("scores", (BINS,))
    model.net.model_out.weight.data[:] = colors[..., None, None]
    model.net.model8[6].bias.data[:] = scores
    light = torch.full((1, 1, 8, 8), 50.0)
    for temperature in (0.01, 0.38, 1.0, 100.0):
        expected = 110 * colors @ (scores.double() / temperature).softmax(0).float()
        with torch.inference_mode():
            given = model.net(light, temperature)
        np.testing.assert_allclose(given[0, :, 3, 3], expected, atol=1e-3, rtol=1e-4)


def test_the_published_files_are_named():
    text = resources.files("colorzoo_zhang").joinpath("weights.toml").read_text()
    entries = tomllib.loads(text)["weights"]
    assert [entry["plugin"] for entry in entries] == list(COLORIZERS)
    for entry in entries:
        assert entry["url"].endswith(f"-{entry['sha256_prefix']}.pth")
        assert all(entry[field] for field in ("name", "summary", "license", "credit"))
