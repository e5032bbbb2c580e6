"""What the authors' code makes, recorded: names and shapes of its tensors, numbers for weights by rule.

published.json.gz has `tensors`, names and shapes by size, and `outputs`: by the size of an input, every nth
of the numbers that DDColor-T of github.com/piddnad/DDColor at 2adb63f gives for the weights of `filled`.
"""

import gzip
import json
import tomllib
from importlib.resources import files
from math import prod
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
import torch
from colorzoo_ddcolor.adoption import adopted as renamed
from colorzoo_ddcolor.config import DDColorConfig
from colorzoo_ddcolor.model import DDColor
from torch.utils.flop_counter import FlopCounterMode

from colorzoo.core import WeightsError
from colorzoo.core.config import validate
from colorzoo.core.weights.adoption import adopted
from colorzoo.core.weights.folder import skip_normal_init

PUBLISHED = json.loads(gzip.decompress((Path(__file__).parent / "published.json.gz").read_bytes()))
TENSORS = PUBLISHED["tensors"]
UNUSED = {"tiny": 2 * 768, "large": 2 * 1536}
"""Parameters of a norm that the published code computes in vain, and that are not kept here."""


def filled(shapes):
    """Return tensors under published names whose numbers follow from the names alone."""
    tensors = {name: drawn(name, shape) for name, shape in shapes.items()}
    for orig in [name for name in tensors if name.endswith("_orig")]:
        u, v = (f"{orig.removesuffix('_orig')}_{end}" for end in "uv")
        tensors[v] = torch.nn.functional.normalize(tensors[v], dim=0)
        tensors[u] = torch.nn.functional.normalize(tensors[orig].flatten(1) @ tensors[v], dim=0)
    return tensors


def drawn(name, shape):
    if name.endswith("num_batches_tracked"):
        return torch.tensor(0)
    numbers = torch.randn(shape, generator=torch.Generator().manual_seed(crc32(name.encode())))
    if name.endswith("running_var") or (len(shape) == 1 and name.endswith((".weight", ".gamma"))):
        return 1 + 0.1 * numbers.clamp(-3, 3)
    return 0.1 * numbers if len(shape) == 1 else numbers / numbers[0].numel() ** 0.5


@pytest.mark.parametrize(
    ("size", "parameters", "operations"), [("tiny", 55_006_640, 50), ("large", 227_869_328, 133)]
)
def test_names_shapes_and_parameters_are_the_published_ones_operations_those_of_the_readme(
    size, parameters, operations
):
    with torch.device("meta"), skip_normal_init():  # which would import torch's compiler
        own = DDColor(DDColorConfig(model_size=size))
    published = {name: torch.empty(shape, device="meta") for name, shape in TENSORS[size].items()}
    assert {name: t.shape for name, t in renamed(published).items()} == {
        name: t.shape for name, t in own.state().items()
    }
    assert sum(p.numel() for p in own.parameters()) == parameters - UNUSED[size]
    own.eval().requires_grad_(False)
    with FlopCounterMode(display=False) as counter:
        own.network(torch.empty(1, 3, 256, 256, device="meta"))
    assert round(counter.get_total_flops() / 1e9) == operations


@pytest.fixture(scope="module")
def tiny():
    return adopted(filled(TENSORS["tiny"]), DDColor, DDColorConfig(model_size="tiny")).eval()


@pytest.mark.parametrize("size", PUBLISHED["outputs"])
def test_outputs_are_those_of_the_authors_code(tiny, size):
    height, width = map(int, size.split("x"))
    x = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(height + width))
    with torch.inference_mode():
        ab = tiny.network(x)
    expected = torch.tensor(PUBLISHED["outputs"][size])
    got = ab.flatten()[:: ab.numel() // len(expected)][: len(expected)]
    assert (got - expected).abs().max() < 1e-5 * ab.abs().max()


def test_spectral_norm_is_that_of_torch_in_evaluation():
    layer = torch.nn.utils.spectral_norm(torch.nn.Conv2d(5, 7, 3))
    for _ in range(3):
        layer(torch.rand(1, 5, 4, 4))
    layer.eval()(torch.rand(1, 5, 4, 4))
    state = {f"refine_net.0.0.{name}": tensor for name, tensor in layer.state_dict().items()}
    folded = renamed(state)
    assert folded.keys() == {"network.refine_net.weight", "network.refine_net.bias"}
    np.testing.assert_allclose(folded["network.refine_net.weight"], layer.weight.detach(), rtol=1e-6)


def test_what_is_missing_is_named():
    tensors = {
        name: torch.empty(shape, device="meta", dtype=torch.int64 if shape == [] else torch.float32)
        for name, shape in TENSORS["tiny"].items()
    }
    del tensors["refine_net.0.0.weight_u"]
    with pytest.raises(WeightsError, match=r"missing network\.refine_net\.weight"):
        adopted(tensors, DDColor, DDColorConfig(model_size="tiny"))


def test_the_catalogue_names_files_of_the_size_of_their_configuration():
    catalogue = tomllib.loads((files("colorzoo_ddcolor") / "weights.toml").read_text())["weights"]
    assert {entry["name"] for entry in catalogue} == {"default", "artistic", "paper", "tiny"}
    for entry in catalogue:
        config = validate(DDColorConfig, entry["config"], entry["name"])
        assert ("commit" in entry) == ("sha256" in entry) == ("size" in entry)
        numbers = 4 * sum(map(prod, TENSORS[config.model_size].values()))
        assert numbers < entry.get("size", numbers + 1) < 1.001 * numbers
