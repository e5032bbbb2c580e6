"""Tiles give what the whole would."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from colorzoo.core.inference.tiling import tiled


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.sampled_from([8, 16, 32]))
def test_a_convolution_by_tiles(height, width, tile):
    net = nn.Conv2d(1, 2, 5, 1, 2)
    x = torch.rand(1, 1, height, width)
    with torch.inference_mode():
        whole = tiled(net, x, cell=4, scale=1, reach=2, tile=1024)
        parts = tiled(net, x, cell=4, scale=1, reach=2, tile=tile)
    assert whole.shape == (1, 2, height, width)
    torch.testing.assert_close(parts, whole, atol=1e-5, rtol=1e-4)


def test_output_at_half_the_size():
    x = torch.rand(1, 1, 50, 38)
    out = tiled(nn.AvgPool2d(2), x, cell=8, scale=2, reach=0, tile=16)
    torch.testing.assert_close(out, nn.AvgPool2d(2)(x))


def test_memory_is_that_of_a_tile():
    seen = []

    def net(part):
        seen.append(part.shape[-1] * part.shape[-2])
        return part

    tiled(net, torch.rand(1, 1, 500, 500), cell=32, scale=1, reach=40, tile=128)
    assert max(seen) <= (128 + 2 * 64) ** 2


@pytest.mark.parametrize("size", [(1, 1), (3, 200)])
def test_small_pictures_are_padded(size):
    x = torch.rand(1, 1, *size)
    assert torch.equal(tiled(lambda part: part, x, cell=32, scale=1, reach=32, tile=64), x)
