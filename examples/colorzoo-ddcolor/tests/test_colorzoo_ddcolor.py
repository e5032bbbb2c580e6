"""The contract of colorzoo, and what ddcolor promises: tests run narrow networks of the same layers."""

import shlex
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from colorzoo_ddcolor import networks
from colorzoo_ddcolor.config import DDColorConfig
from colorzoo_ddcolor.lab import rgb_of_lab
from colorzoo_ddcolor.model import DDColor
from PIL import Image
from typer.testing import CliRunner

from colorzoo.cli.app import build
from colorzoo.core import ConfigError, color
from colorzoo.testing import ColorizerContract, synthetic_picture

NARROW = {"depths": (1, 1, 2, 1), "widths": (8, 16, 24, 32), "width": 64, "queries": 10, "layers": 3}
README = Path(__file__).parents[1] / "README.md"


@pytest.fixture
def narrow(monkeypatch):
    """Let model_size=tiny mean a network that is quick."""
    monkeypatch.setitem(networks.SIZES, "tiny", NARROW)
    torch.manual_seed(0)


@pytest.mark.usefixtures("narrow")
class TestDDColor(ColorizerContract):
    plugin = "ddcolor"
    config = {"model_size": "tiny"}
    options = {"input_size": 64}


@pytest.fixture
def model(narrow):
    return DDColor(DDColorConfig(model_size="tiny")).eval()


def answering(model, a, b):
    """Return the model with a last layer that answers one colour everywhere."""
    with torch.no_grad():
        model.network.refine_net.weight.zero_()
        model.network.refine_net.bias.copy_(torch.tensor([a, b]))
    return model


def test_the_network_is_given_grey_normalized_as_imagenet(model):
    net = model.network
    with torch.no_grad():
        net.refine_net.weight.zero_()
        net.refine_net.bias.zero_()
        net.refine_net.weight[0, -3] = net.refine_net.weight[1, -1] = 1
    with torch.inference_mode():
        out = net(torch.full((1, 3, 32, 64), 0.5))
    np.testing.assert_allclose(out[:, 0], np.full((1, 32, 64), (0.5 - 0.485) / 0.229), rtol=1e-5)
    np.testing.assert_allclose(out[:, 1], np.full((1, 32, 64), (0.5 - 0.406) / 0.225), rtol=1e-5)


def test_what_it_answers_is_ab_of_the_picture(model):
    gray = torch.linspace(0.3, 0.7, 48 * 40).view(1, 1, 48, 40)
    with torch.inference_mode():
        out = answering(model, 20.0, -10.0)(gray, input_size=32)[:, 0]
    ab = color.lab(out)[0, 1:].mean((-1, -2))
    np.testing.assert_allclose(ab, [20.0, -10.0], atol=0.5, rtol=0)
    np.testing.assert_allclose(color.luma(out), gray, atol=1e-5, rtol=0)


def test_no_colour_is_grey(model):
    gray = torch.rand(1, 1, 33, 57)
    with torch.inference_mode():
        out = answering(model, 0.0, 0.0)(gray, input_size=32)[:, 0]
    np.testing.assert_allclose(out, gray.expand(-1, 3, -1, -1), atol=1e-4, rtol=0)


def test_lab_is_that_of_opencv():
    lab = torch.rand(3, 40, 40) * torch.tensor([100.0, 160, 160]).view(3, 1, 1)
    lab[1:] -= 80
    expected = cv2.cvtColor(lab.permute(1, 2, 0).numpy().copy(), cv2.COLOR_Lab2RGB)
    np.testing.assert_allclose(rgb_of_lab(lab).permute(1, 2, 0), expected, atol=2e-3)


def test_threads_with_pictures_of_their_own_do_not_mix(model):
    pictures = [torch.rand(1, 1, 40, 50, generator=torch.Generator().manual_seed(n)) for n in range(8)]

    def colored(gray):
        with torch.inference_mode():
            return model(gray, input_size=64)

    alone = list(map(colored, pictures))
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(colored, pictures))
    assert all(map(torch.equal, alone, together))
    assert not torch.equal(alone[0], alone[1])


def test_sizes_that_do_not_divide_are_refused(model):
    with pytest.raises(ConfigError, match="multiple of 32"):
        model(torch.rand(1, 1, 8, 8), input_size=100)


@pytest.mark.filterwarnings("ignore")  # the older exporter's, of itself
def test_exported_to_onnx_it_colours_alike(model, tmp_path):
    pytest.importorskip("onnx", reason="export needs colorzoo-onnx[test]")
    onnx = pytest.importorskip("colorzoo_onnx.model", reason="needs colorzoo-onnx")
    from colorzoo.core.config import from_preset

    with torch.no_grad():
        model.network.refine_net.weight.mul_(100)  # random weights alone are nearly grey
    file = str(tmp_path / "ddcolor.onnx")
    torch.onnx.export(model.network, (torch.rand(1, 3, 64, 64),), file, opset_version=17, dynamo=False)
    config = from_preset(onnx.OnnxConfig, "ddcolor-512", [f"file={file}", "size=64"])
    gray = torch.rand(2, 1, 90, 70)
    with torch.inference_mode():
        exported = onnx.Onnx(config)(gray)
        own = model(gray, input_size=64)
    assert color.chroma(own).abs().max() > 0.02
    np.testing.assert_allclose(exported, own, atol=2e-3, rtol=0)


@pytest.mark.usefixtures("narrow")
def test_the_commands_of_the_readme_that_need_no_weights_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(synthetic_picture(0)).save("photo.jpg")
    lines = [line.strip() for line in README.read_text().splitlines() if line.startswith("    colorzoo")]
    for line in [line for line in lines if "untrained" in line]:
        result = CliRunner().invoke(build(), shlex.split(line)[1:])
        assert result.exit_code == 0, result.output
    (colored,) = tmp_path.glob("colorized/photo-ddcolor*.jpg")
    assert np.asarray(Image.open(colored)).std(-1).max() > 10, "the hint does not show"
