"""Palettes of pictures, and chroma moved towards palettes; every picture is made here."""

from __future__ import annotations

import pytest
import torch

from colorzoo.core.guidance.palette import moved_to_palette, palette_of_colors, palette_of_pictures
from colorzoo.core.imaging import color

RED, BLUE, GREEN, GRAY = (200, 40, 30), (40, 60, 190), (40, 160, 60), (128, 128, 128)


def flat_picture(*colors, side=40):
    """Return a picture (3, side, side * colors) of stripes, each of one colour."""
    stripes = [torch.tensor(c).view(3, 1, 1).expand(3, side, side) / 255 for c in colors]
    return torch.cat(stripes, 2)


def shaded_picture(*colors, side=40):
    """Return stripes whose light falls off from the left to the right."""
    light = torch.linspace(0.6, 1, side * len(colors))
    return flat_picture(*colors, side=side) * light


def distance(palette, wanted):
    colors = torch.tensor(wanted) / 255
    return torch.cdist(colors, palette.colors).min(1).values.max()


def test_the_palette_of_flat_colours_is_those_colours():
    palette = palette_of_pictures([flat_picture(RED, BLUE, GREEN, GRAY)])
    assert len(palette.colors) == 4
    assert distance(palette, [RED, BLUE, GREEN, GRAY]) < 0.01
    assert torch.allclose(palette.shares, torch.full((4,), 0.25), atol=0.02)


def test_the_most_frequent_colour_comes_first_and_rare_ones_are_left_out():
    picture = flat_picture(RED, RED, RED, BLUE)
    picture[:, :1, :2] = torch.tensor(GREEN).view(3, 1, 1) / 255
    palette = palette_of_pictures([picture])
    assert len(palette.colors) == 2
    assert distance(palette, [RED]) < 0.01
    assert torch.allclose(palette.shares, torch.tensor([0.75, 0.25]), atol=0.01)


def test_pictures_count_alike_whatever_their_size():
    large, small = flat_picture(RED, side=120), flat_picture(BLUE, side=13)
    shares = palette_of_pictures([large, small]).shares
    assert torch.allclose(shares, torch.tensor([0.5, 0.5]), atol=1e-3)


def test_a_palette_is_the_same_each_time():
    picture = torch.rand(3, 63, 41, generator=torch.Generator().manual_seed(0))
    first, second = (palette_of_pictures([picture], 6) for _ in range(2))
    assert torch.equal(first.colors, second.colors)
    assert len(first.colors) <= 7


def test_its_own_palette_changes_a_picture_little():
    picture = shaded_picture(RED, BLUE, GREEN)
    chroma = color.chroma(picture)
    moved = moved_to_palette(chroma, color.luma(picture), palette_of_pictures([picture]))
    assert (moved - chroma).square().mean().sqrt() < 0.15 * chroma.square().mean().sqrt()


def test_pale_colours_become_those_of_the_palette_and_grey_stays_grey():
    picture = flat_picture(RED, BLUE, GRAY)
    wanted = color.chroma(picture)
    pale = 0.6 * wanted
    moved = moved_to_palette(pale, color.luma(picture), palette_of_colors([RED, BLUE]))
    assert (moved - wanted).norm(dim=0)[:, :80].max() < 0.25 * (pale - wanted).norm(dim=0)[:, :80].max()
    assert moved[:, :, 80:].abs().max() < 1e-4


@pytest.mark.parametrize("colors", [[GRAY, (10, 10, 10)], [(0, 0, 0), (255, 255, 255)]])
def test_a_palette_of_greys_changes_nothing(colors):
    picture = shaded_picture(RED, BLUE)
    chroma = color.chroma(picture)
    assert torch.equal(moved_to_palette(chroma, color.luma(picture), palette_of_colors(colors)), chroma)


def test_shading_survives():
    picture = shaded_picture(RED)
    chroma = color.chroma(picture)
    moved = moved_to_palette(chroma, color.luma(picture), palette_of_colors([BLUE, GREEN]))
    assert moved.std(2).sum() > 0.4 * chroma.std(2).sum()


def test_several_samples_are_moved_as_one_picture_each():
    picture = shaded_picture(RED, BLUE)
    chroma = torch.stack([color.chroma(picture), 0.5 * color.chroma(picture)])
    luma = color.luma(picture)[None]
    together = moved_to_palette(chroma, luma, palette_of_colors([RED, GREEN]))
    alone = [moved_to_palette(one, luma[0], palette_of_colors([RED, GREEN])) for one in chroma]
    assert together.shape == chroma.shape
    assert torch.allclose(together, torch.stack(alone), atol=1e-6)


def test_a_single_pixel_and_a_grey_picture():
    assert len(palette_of_pictures([torch.full((3, 1, 1), 0.5)]).colors) == 1
    zero = torch.zeros(2, 3, 5)
    moved = moved_to_palette(zero, torch.full((1, 3, 5), 0.5), palette_of_colors([RED, BLUE]))
    assert torch.equal(moved, zero)
