import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from colorzoo.core.imaging import color

floats = st.floats(0, 1, width=32)
seeds = st.integers(0, 10_000)


def random_rgb(seed: int, height: int = 9, width: int = 7) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(seed))


@given(seeds)
@settings(deadline=None)
def test_luma_is_opencvs_grey(seed):
    rgb = (random_rgb(seed) * 255).round() / 255
    pixels = (rgb[0].permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    ours = color.luma(rgb)[0, 0].numpy() * 255
    assert np.abs(ours - cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)).max() <= 0.51


@given(seeds)
@settings(deadline=None)
def test_luma_and_chroma_give_the_picture_back(seed):
    rgb = random_rgb(seed)
    again = color.recombine(color.luma(rgb), color.chroma(rgb))
    torch.testing.assert_close(again, rgb, atol=1e-5, rtol=0)


@given(seeds, st.floats(0, 3))
@settings(deadline=None)
def test_recombining_keeps_the_luma_and_the_gamut(seed, strength):
    generator = torch.Generator().manual_seed(seed)
    gray = torch.rand(2, 1, 6, 5, generator=generator)
    wild = (torch.rand(2, 2, 6, 5, generator=generator) - 0.5) * strength
    rgb = color.recombine(gray, wild)
    assert rgb.min() >= 0
    assert rgb.max() <= 1
    torch.testing.assert_close(color.luma(rgb), gray, atol=2e-6, rtol=0)


@given(floats)
@settings(deadline=None)
def test_black_and_white_stay(value):
    gray = torch.tensor([0.0, 1.0]).view(1, 1, 1, 2)
    rgb = color.recombine(gray, torch.full((1, 2, 1, 2), value - 0.5))
    torch.testing.assert_close(rgb, gray.expand(-1, 3, -1, -1), atol=1e-6, rtol=0)


def test_keep_luma_changes_only_the_luma():
    rgb = 0.3 + 0.2 * random_rgb(3)
    gray = color.luma(rgb) + 0.1
    kept = color.keep_luma(gray, rgb)
    torch.testing.assert_close(color.luma(kept), gray, atol=1e-6, rtol=0)
    torch.testing.assert_close(color.chroma(kept), color.chroma(rgb), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [  # published: http://www.brucelindbloom.com, sRGB, D65
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (53.2408, 80.0925, 67.2032)),
        ((0, 1, 0), (87.7347, -86.1827, 83.1793)),
        ((0, 0, 1), (32.2970, 79.1875, -107.8602)),
    ],
)
def test_lab_of_published_colours(rgb, lab):
    found = color.lab(torch.tensor(rgb, dtype=torch.float64).view(3, 1, 1)).flatten()
    torch.testing.assert_close(found, torch.tensor(lab, dtype=torch.float64), atol=0.02, rtol=0)


def test_guided_upsampling_follows_an_edge_better_than_bilinear():
    gray = torch.full((1, 1, 128, 128), 0.2)
    gray[..., 59:] = 0.8  # an edge between two low resolution pixels
    truth = torch.where(gray > 0.5, 0.2, -0.2)
    low = color.resize_area(truth, (32, 32))
    guided = color.guided_upsample(low, gray)
    bilinear = torch.nn.functional.interpolate(low, size=(128, 128), mode="bilinear")
    assert (guided - truth).abs().mean() < 0.7 * (bilinear - truth).abs().mean()


def test_guided_upsampling_keeps_flat_colour():
    gray = torch.rand(1, 1, 40, 30)
    flat = color.guided_upsample(torch.full((1, 2, 16, 16), 0.1), gray)
    torch.testing.assert_close(flat, torch.full((1, 2, 40, 30), 0.1), atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (33, 17)])
def test_any_size(size):
    gray = torch.rand(1, 1, *size)
    up = color.guided_upsample(torch.zeros(1, 2, 16, 16), gray)
    assert color.recombine(gray, up).shape == (1, 3, *size)
