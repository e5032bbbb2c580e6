"""The contract of colorzoo, and what onnx promises: the graph's numbers, to 1e-4 of torch's."""

import hashlib
import subprocess
import sys

import numpy as np
import onnx
import pytest
import torch
from colorzoo_onnx.config import OnnxConfig
from colorzoo_onnx.model import Onnx, lightness
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from typer.testing import CliRunner

from colorzoo.cli.app import build
from colorzoo.core import color
from colorzoo.core.config import from_preset, validate
from colorzoo.core.errors import ConfigError, WeightsError
from colorzoo.testing import ColorizerContract, synthetic_picture


class Net(torch.nn.Module):
    """A small network: three channels of grey in, two of colour out."""

    def __init__(self, channels=3, outputs=2):
        super().__init__()
        torch.manual_seed(0)
        self.net = torch.nn.Sequential(
            torch.nn.Conv2d(channels, 8, 3, padding=1),
            torch.nn.ReLU(),
            torch.nn.Conv2d(8, outputs, 3, padding=1),
        )

    def forward(self, x):
        return self.net(x)


@pytest.fixture(scope="session")
def ab(tmp_path_factory):
    """A graph of any size that torch has exported."""
    path = tmp_path_factory.mktemp("onnx") / "ab.onnx"
    free = dict.fromkeys((0, 2, 3), torch.export.Dim.DYNAMIC)
    torch.onnx.export(Net().eval(), (torch.rand(2, 3, 32, 32),), path, dynamic_shapes=(free,),
                      external_data=False, verbose=False)  # fmt: skip
    return path


def write(path, net, size=None, batch=None):
    """Write the graph of a Net with fixed or free sizes, without torch's exporter, which is slow."""
    first, _, second = net.net
    shape = [batch, len(first.weight[0]), size, size]
    nodes = [
        helper.make_node("Conv", ["x", "w0", "b0"], ["y"], pads=[1] * 4),
        helper.make_node("Relu", ["y"], ["z"]),
        helper.make_node("Conv", ["z", "w1", "b1"], ["out"], pads=[1] * 4),
    ]
    numbers = {"w0": first.weight, "b0": first.bias, "w1": second.weight, "b1": second.bias}
    inputs, outputs = (
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, sides)]
        for name, sides in (("x", shape), ("out", [batch, len(second.weight), size, size]))
    )
    tensors = [numpy_helper.from_array(t.detach().numpy(), name) for name, t in numbers.items()]
    graph = helper.make_graph(nodes, "net", inputs, outputs, tensors)
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)
    return path


class TestOnnx(ColorizerContract):
    plugin = "onnx"

    @pytest.fixture(autouse=True)
    def file(self, ab):
        self.place = ab

    def build(self, **changes):
        return self.ready(Onnx(OnnxConfig(file=str(self.place), channels=3, scale=20.0, **changes)))


def test_the_graph_gives_what_torch_gives(ab):
    gray = torch.rand(3, 1, 40, 30)
    config = OnnxConfig(file=str(ab), channels=3, black=-1, white=1, scale=30.0)
    with torch.inference_mode():
        given = 30 * Net().eval()(2 * gray.expand(-1, 3, -1, -1) - 1)
        expected = color.lab(torch.cat([gray] * 3, 1))
    model = Onnx(config)
    rgb = model.rgb(gray.numpy(), model_given(model, gray))
    found = color.lab(torch.from_numpy(rgb))
    inside = ((torch.from_numpy(rgb) > 0.001) & (torch.from_numpy(rgb) < 0.999)).all(1, keepdim=True)
    wrong = (found[:, 1:] - given).abs() * inside
    assert wrong.max() < 0.05
    np.testing.assert_allclose(lightness(gray.numpy()), expected[:, :1].numpy(), atol=2e-2)


def model_given(model, gray):
    from colorzoo_onnx import graph

    return graph.load(model.config, 0, "all")(model.prepared(gray.numpy()), 2)


@pytest.mark.parametrize("optimization", ["off", "basic", "extended", "all"])
@pytest.mark.parametrize("batch", [1, 2, 5])
def test_session_and_batch_do_not_change_the_numbers(ab, optimization, batch):
    from colorzoo_onnx import graph

    x = torch.rand(5, 3, 24, 24)
    found = graph.load(OnnxConfig(file=str(ab)), 1, optimization)(x.numpy(), batch)
    with torch.inference_mode():
        np.testing.assert_allclose(found, Net().eval()(x).numpy(), atol=1e-4)


def test_a_graph_of_one_size_and_one_picture(tmp_path):
    file = write(tmp_path / "fixed.onnx", Net(), size=32, batch=1)
    model = Onnx(
        validate(OnnxConfig, {**OnnxConfig.presets["ddcolor-256"], "size": 32, "file": str(file)}, "test")
    )
    gray = torch.rand(3, 1, 50, 70)
    out = model(gray)
    assert out.shape == (3, 1, 3, 50, 70)
    np.testing.assert_allclose(color.luma(out[:, 0]), gray, atol=1e-4, rtol=0)


def test_a_graph_that_gives_rgb_of_255(tmp_path):
    file = write(tmp_path / "rgb.onnx", Net(3, 3))
    config = from_preset(OnnxConfig, "deoldify", [f"file={file}", "size=none"])
    gray = torch.rand(1, 1, 16, 16)
    model = Onnx(config)
    with torch.inference_mode():
        expected = (Net(3, 3).eval()(255 * gray.expand(-1, 3, -1, -1)) / 255).clamp(0, 1)
    np.testing.assert_allclose(model.rgb(gray.numpy(), model_given(model, gray)), expected, atol=1e-4)


def test_lightness_in_one_channel(tmp_path):
    file = write(tmp_path / "l.onnx", Net(1))
    model = Onnx(OnnxConfig(file=str(file), takes="lightness", black=-0.5, white=0.5, multiple=8))
    assert model(torch.rand(1, 1, 13, 9)).shape == (1, 1, 3, 13, 9)
    white = model.prepared(np.ones((1, 1, 2, 2), np.float32))
    np.testing.assert_allclose(white, 0.5, atol=1e-5)


def test_what_is_wrong_is_said(ab, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    gray = torch.rand(1, 1, 8, 8)
    with pytest.raises(WeightsError, match="onnx needs a graph"):
        Onnx()(gray)
    with pytest.raises(WeightsError, match="no such file"):
        Onnx(OnnxConfig(file="nowhere.onnx"))(gray)
    with pytest.raises(WeightsError, match="sha256"):
        Onnx(OnnxConfig(file=str(ab), sha256="0" * 64))(gray)
    (tmp_path / "bad.onnx").write_bytes(b"not a graph")
    with pytest.raises(WeightsError, match="cannot load"):
        Onnx(OnnxConfig(file=str(tmp_path / "bad.onnx")))(gray)
    two = tmp_path / "two.onnx"
    onnx.save(onnx.load(ab), two, save_as_external_data=True, size_threshold=0)
    with pytest.raises(WeightsError, match="external_data=False"):
        Onnx(OnnxConfig(file=str(two)))(gray)
    with pytest.raises(ConfigError, match="needs revision"):
        validate(OnnxConfig, {"repo": "some/repo", "file": "x.onnx"}, "config")
    pinned = {"repo": "some/repo", "file": "x.onnx", "revision": "0" * 40, "sha256": "0" * 64}
    with pytest.raises(WeightsError, match="some/repo@000000000000"):
        Onnx(OnnxConfig(**pinned))(gray)
    good = hashlib.sha256(ab.read_bytes()).hexdigest()
    Onnx(OnnxConfig(file=str(ab), channels=3, sha256=good))(gray)


def test_a_graph_becomes_weights_that_run_and_compare(ab, tmp_path, monkeypatch):
    Image.fromarray(synthetic_picture(0)).save(tmp_path / "picture.png")
    monkeypatch.chdir(tmp_path)
    for words in (
        f"weights new onnx --set file={ab} --set channels=3 -o graph",
        "run onnx picture.png --weights graph -O threads=1 -o out",
        "compare onnx:graph grey --data . --split all --metrics psnr --workers 1 -o compared",
    ):
        result = CliRunner().invoke(build(), words.split())
        assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "picture-onnx-1.png").exists()
    assert '"onnx' in (tmp_path / "compared" / "results.json").read_text()


def test_the_plugin_imports_no_torch():
    script = (
        "import sys; import colorzoo_onnx, colorzoo_onnx.config, colorzoo_onnx.graph; "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
