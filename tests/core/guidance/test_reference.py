"""References move colours where the trunk sees the same, and do no harm where it does not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from skimage import data

from colorzoo.core.guidance import reference
from colorzoo.core.guidance.reference import moved_to_references
from colorzoo.core.imaging import color


def drawn(seed, *, height=200, width=160, kind="round"):
    """Return a picture (3, H, W) of forms in colours of its own."""
    random = np.random.default_rng(seed)
    page = np.full((height, width, 3), random.integers(90, 250, 3), np.uint8)
    for _ in range(14):
        center = (int(random.integers(width)), int(random.integers(height)))
        size, fill = int(random.integers(10, 40)), [int(level) for level in random.integers(0, 255, 3)]
        if kind == "round":
            cv2.circle(page, center, size, fill, -1)
        else:
            cv2.line(page, center, (int(random.integers(width)), int(random.integers(height))), fill, 5)
    return torch.from_numpy(page).permute(2, 0, 1).float() / 255


def distance(chroma, picture):
    return float((chroma - color.chroma(picture)).square().mean())


def test_a_reference_that_is_the_picture_brings_its_colours():
    picture = drawn(0)
    grey = torch.zeros(2, 200, 160)
    moved = moved_to_references(grey, color.luma(picture), [picture])
    assert distance(moved, picture) < 0.5 * distance(grey, picture)


def test_several_references_are_joined_and_the_fitting_one_counts():
    picture, other = drawn(0), drawn(1, kind="lines")
    grey = torch.zeros(2, 200, 160)
    moved = moved_to_references(grey, color.luma(picture), [other, picture])
    assert distance(moved, picture) < 0.7 * distance(grey, picture)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("photo", [data.astronaut, data.coffee])
def test_a_reference_that_does_not_fit_does_no_harm(photo, seed):
    """A good answer, then a photo beside a drawing and a drawing beside a photo: hardly worse."""
    taken = torch.from_numpy(photo()[::3, ::3].copy()).permute(2, 0, 1).float() / 255
    for picture, other in ((drawn(seed), taken), (taken, drawn(seed))):
        answer = 0.9 * color.chroma(picture)
        moved = moved_to_references(answer, color.luma(picture), [other])
        harm = distance(moved, picture) - distance(answer, picture)
        assert harm < 0.02 * distance(0 * answer, picture)


def test_a_grey_reference_changes_nothing():
    picture = drawn(2)
    chroma = color.chroma(picture)
    gray = color.luma(drawn(3)).expand(3, -1, -1)
    assert torch.equal(moved_to_references(chroma, color.luma(picture), [gray]), chroma)
    assert torch.equal(moved_to_references(chroma, color.luma(picture), []), chroma)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (7, 90), (33, 31), (601, 40)])
def test_odd_sizes_and_samples(height, width):
    luma = torch.rand(1, height, width, generator=torch.Generator().manual_seed(0))
    chroma = torch.zeros(3, 2, height, width)
    moved = moved_to_references(chroma, luma, [drawn(0, height=50, width=333)])
    assert moved.shape == chroma.shape
    assert bool(moved.isfinite().all())
    assert torch.allclose(moved[0], moved[2])


def test_the_same_each_time():
    picture, reference = drawn(4), drawn(5)
    chroma = color.chroma(picture)
    first, second = (moved_to_references(chroma, color.luma(picture), [reference]) for _ in range(2))
    assert torch.equal(first, second)


def test_what_is_computed_of_a_reference_is_kept_for_the_next_picture_by_its_content(monkeypatch):
    monkeypatch.setattr(reference, "KEPT", 2)
    monkeypatch.setattr(reference, "_kept", {})
    computed = []
    monkeypatch.setattr(reference, "cells_of", lambda *planes, cell: computed.append(1) or len(computed))
    pictures = [drawn(seed, height=40, width=40) for seed in range(3)]
    first = reference.cells_of_reference(pictures[0])
    assert reference.cells_of_reference(pictures[0].clone()) == first
    for picture in pictures[1:]:
        assert reference.cells_of_reference(picture) != first
    assert reference.cells_of_reference(pictures[0]) != first  # the oldest of three gave way
    changed = pictures[0].clone().mul_(0.5)
    assert reference.cells_of_reference(changed) == len(computed) == 5
