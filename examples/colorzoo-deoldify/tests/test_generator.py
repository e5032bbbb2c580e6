"""The generators against what the original code makes, recorded in original.json.gz.

Of each it has names and shapes of the state at the published width and at an eighth of it, and, of the
latter with the weights of filling.py, outputs: every seventh pixel of every seventh row.
"""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from colorzoo_deoldify.config import DeOldifyConfig
from colorzoo_deoldify.generator import RANGE
from colorzoo_deoldify.model import DeOldify
from filling import filled, picture
from torch.utils.flop_counter import FlopCounterMode

from colorzoo.core.errors import WeightsError
from colorzoo.core.weights.adoption import adopted
from colorzoo.core.weights.folder import expected_tensors

ORIGINAL = json.loads(gzip.decompress(Path(__file__).with_name("original.json.gz").read_bytes()))[
    "variants"
]


@pytest.fixture(scope="module")
def narrow():
    """The colorizers at an eighth of the width, with the original's weights by rule."""
    return {
        variant: adopted(
            filled(recorded["narrow"]), DeOldify, DeOldifyConfig(variant=variant, width=8)
        ).eval()
        for variant, recorded in ORIGINAL.items()
    }


@pytest.mark.parametrize("variant", ["artistic", "stable", "video"])
def test_names_and_shapes_are_those_of_the_published_state(variant):
    shapes = ORIGINAL["stable" if variant == "video" else variant]["published"]
    config = DeOldifyConfig(variant=variant)
    state = DeOldify.adopt({n: torch.empty(s, device="meta") for n, s in shapes.items()}, config)
    expected = expected_tensors(DeOldify, config)
    assert {n: t.shape for n, t in state.items()} == {n: t.shape for n, t in expected.items()}


@pytest.mark.parametrize(
    ("variant", "parameters", "norms", "billions"),
    [("artistic", 63_646_881, 1200, 957.5), ("stable", 218_222_197, 1024, 689.8)],
)
def test_parameters_and_operations(variant, parameters, norms, billions):
    """Parameters as published, but for norms that are folded in; multiply-adds at the published size."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter, torch.inference_mode():
        model = DeOldify(DeOldifyConfig(variant=variant)).eval()
        model.generator(torch.empty(1, 3, 560, 560))
    assert sum(p.numel() for p in model.parameters()) == parameters - norms
    assert counter.get_total_flops() / 2e9 == pytest.approx(billions, abs=0.1)


@pytest.mark.parametrize(
    ("variant", "number"), [(variant, number) for variant in ORIGINAL for number in range(3)]
)
def test_outputs_are_those_of_the_original(narrow, variant, number):
    recorded = ORIGINAL[variant]["outputs"][number]
    with torch.inference_mode():
        made = narrow[variant].generator(picture(recorded["size"]))[0, :, ::7, ::7].flatten()
    np.testing.assert_allclose(made, recorded["values"], atol=1e-5 * RANGE, rtol=0)


@pytest.mark.parametrize("variant", ORIGINAL)
def test_what_is_normalised_is_what_imagenet_was(narrow, variant, monkeypatch):
    """A generator that returns its input gives the grey; one that returns 0 the mean colour of ImageNet."""
    model, gray = narrow[variant], torch.linspace(0, 1, 64).reshape(1, 1, 8, 8)
    monkeypatch.setattr(model.generator, "forward", lambda given: given)
    np.testing.assert_allclose(model.rgb(gray), gray.expand(-1, 3, -1, -1), atol=1e-5)
    monkeypatch.setattr(model.generator, "forward", torch.zeros_like)
    mean = model.rgb(gray)[0, :, 0, 0]
    np.testing.assert_allclose(mean, [0.485, 0.456, 0.406], rtol=1e-5)
    asked = []
    monkeypatch.setattr(model.generator, "forward", lambda given: asked.append(given) or given)
    model.rgb(torch.full((1, 1, 2, 2), 0.5))
    red, green, blue = asked[0][0, :, 0, 0].tolist()
    assert (red, green, blue) == pytest.approx((0.015 / 0.229, 0.044 / 0.224, 0.094 / 0.225), abs=1e-6)


def test_threads_do_not_mix(narrow):
    """Two pictures at once give what each gives alone: features are values, not hooks."""
    model = narrow["artistic"]
    pictures = [torch.rand(1, 1, 33, 41), torch.rand(1, 1, 70, 20)] * 4

    def colored(gray):
        with torch.inference_mode():
            return model(gray, render_factor=3)

    alone = [colored(gray) for gray in pictures]
    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(colored, pictures))
    assert all(map(torch.equal, alone, together))


def test_a_state_that_is_not_whole_is_refused():
    state = filled(ORIGINAL["artistic"]["narrow"])
    del state["layers.3.0.0.weight_u"]
    with pytest.raises(WeightsError, match=r"missing generator\.layers\.3\.0\.0\.weight"):
        adopted(state, DeOldify, DeOldifyConfig(width=8))
