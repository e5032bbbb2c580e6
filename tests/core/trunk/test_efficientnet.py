"""The trunk that the package carries: complete, as published, fast and plain."""

from __future__ import annotations

import hashlib
import re

import pytest
import torch

from colorzoo.core.inference.optimize import optimize_for_inference
from colorzoo.core.trunk.efficientnet import (
    PRETRAINED,
    Lite0,
    Lite0Pooled,
    load_pretrained,
    pretrained_state,
)
from colorzoo.testing import synthetic_picture


@pytest.fixture(scope="module")
def trunk():
    return load_pretrained(Lite0()).eval()


def picture(side=128, seed=0):
    pixels = torch.from_numpy(synthetic_picture(seed, side, side))
    return pixels.permute(2, 0, 1)[None].float() / 255


def test_the_file_is_the_one_that_its_card_names():
    card = PRETRAINED.with_name("README.md").read_text()
    assert hashlib.sha256(PRETRAINED.read_bytes()).hexdigest() in re.findall(r"[0-9a-f]{64}", card)
    assert "Apache License" in PRETRAINED.with_name("LICENSE").read_text()


def test_every_tensor_has_its_place():
    Lite0Pooled().load_state_dict(pretrained_state())
    assert sum(p.numel() for p in Lite0().parameters()) == 2_958_848  # the published plan's, less its head


def test_features_halve_the_side_five_times(trunk):
    with torch.no_grad():
        features = trunk(picture(96))
    assert [tuple(f.shape[1:]) for f in features] == [
        (16, 48, 48), (24, 24, 24), (40, 12, 12), (112, 6, 6), (320, 3, 3)
    ]  # fmt: skip


def test_grey_is_a_picture_of_three_equal_channels(trunk):
    gray = picture()[:, :1]
    with torch.no_grad():
        for one, three in zip(trunk(gray), trunk(gray.expand(-1, 3, -1, -1)), strict=True):
            assert torch.equal(one, three)


def test_a_picture_moved_by_a_cell_has_moved_features(trunk):
    """Which holds only if the padding of every stride is where the weights were trained to have it."""
    wide = picture(416)
    with torch.no_grad():
        here, there = trunk(wide[..., :384]), trunk(wide[..., 32:])
    for level, stride in zip((0, 1, 2), (2, 4, 8), strict=True):
        moved, inside = 32 // stride, 160 // stride
        a = here[level][..., inside:-inside, inside:-inside]
        b = there[level][..., inside:-inside, inside - moved : -inside - moved]
        assert torch.allclose(a, b, atol=1e-3)


def test_the_fast_copy_computes_the_same(trunk):
    with torch.no_grad():
        plain, fast = trunk(picture()), optimize_for_inference(trunk, torch.float32)(picture())
    for a, b in zip(plain, fast, strict=True):
        assert torch.allclose(a, b, atol=1e-3 * float(a.abs().max()))


def test_training_leaves_its_normalisation_alone(trunk):
    before = {name: tensor.clone() for name, tensor in trunk.state_dict().items()}
    trunk.train()(picture())
    assert all(torch.equal(before[name], tensor) for name, tensor in trunk.state_dict().items())


def test_what_is_alike_is_near():
    """A picture is nearer to its own blurred copy than to other pictures, through its pooled features."""
    network = Lite0Pooled().eval()
    network.load_state_dict(pretrained_state())
    pictures = torch.cat([picture(128, seed) for seed in range(4)])
    blurred = torch.nn.functional.avg_pool2d(pictures, 3, 1, 1, count_include_pad=False)
    with torch.no_grad():
        distances = torch.cdist(network(pictures), network(blurred))
    assert distances.argmin(1).tolist() == [0, 1, 2, 3]


def test_nothing_is_read_from_elsewhere():
    assert PRETRAINED.parent.name == "trunk"
    assert PRETRAINED.stat().st_size < 7_000_000
