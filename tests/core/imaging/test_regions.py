"""Closed regions of a drawing, and their colours."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from colorzoo.core.imaging.regions import filled, flattened, line_mask, regions

SIDE = 120


def drawing(*, gap: int = 0, width: int = 2) -> np.ndarray:
    """Return lines (SIDE, SIDE): a square and a circle in it; the square's upper side has a gap."""
    lines = np.zeros((SIDE, SIDE), np.uint8)
    cv2.rectangle(lines, (15, 15), (105, 105), 1, width)
    cv2.circle(lines, (60, 60), 25, 1, width)
    if gap:
        lines[10:20, 40 : 40 + gap] = 0
    return lines.astype(bool)


def noise(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((SIDE, SIDE, 3)).astype(np.float32)


@pytest.mark.parametrize("by", ["mean", "median"])
@pytest.mark.parametrize("seed", range(3))
def test_a_closed_region_has_one_colour(by, seed):
    lines = drawing()
    colors = filled(noise(seed), regions(lines), by=by)
    free = (~lines).astype(np.uint8)
    count, parts = cv2.connectedComponents(free, connectivity=4)
    assert count == 4  # of which lines are the first
    answers = set()
    for part in range(1, count):
        (color,) = np.unique(colors[parts == part], axis=0)
        answers.add(tuple(color))
    assert len(answers) == 3


@pytest.mark.parametrize("gap", [1, 3, 6])
def test_gaps_smaller_than_the_ball_do_not_leak(gap):
    labels = regions(drawing(gap=gap), ball=4)
    assert labels[5, 5] != labels[25, 25] != labels[60, 60]
    assert len(np.unique(labels)) == 3


def test_gaps_larger_than_the_ball_do():
    labels = regions(drawing(gap=30), ball=2)
    assert labels[5, 5] == labels[25, 25] != labels[60, 60]


def test_a_neck_as_wide_as_the_shape_parts_nothing():
    lines = np.ones((SIDE, SIDE), bool)
    lines[10:40, 10:100] = lines[10:100, 10:40] = False  # an L, thirty wide
    lines[22, 60:64] = True
    assert regions(lines, ball=12).max() == 0


def test_lines_take_the_label_of_the_nearest_region():
    lines = drawing(width=6)
    labels = regions(lines)
    assert labels[60, 60 + 25 - 2] == labels[60, 60]
    assert labels[60, 60 + 25 + 2] == labels[25, 25]


def test_small_regions_have_labels_of_their_own_and_specks_have_not():
    lines = np.zeros((SIDE, SIDE), bool)
    lines[50:60, 50:60] = True
    lines[52:58, 52:58] = False
    lines[20:24, 20:24] = True
    lines[21:23, 21:23] = False
    labels = regions(lines, ball=8)
    assert labels[55, 55] != labels[0, 0] == labels[22, 22]


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (33, 71)])
def test_any_size_and_the_same_labels_at_every_call(shape):
    lines = np.random.default_rng(1).random(shape) < 0.1
    first = regions(lines)
    assert first.shape == shape
    assert set(np.unique(first)) == set(range(int(first.max()) + 1))
    assert np.array_equal(first, regions(lines))


def test_a_picture_of_lines_alone_is_one_region():
    assert not regions(np.ones((7, 9), bool)).any()


def test_pixels_that_do_not_count_change_nothing():
    lines, field = drawing(), np.full((SIDE, SIDE, 1), 0.25, np.float32)
    field[lines] = 1
    for by in ("mean", "median"):
        assert np.allclose(filled(field, regions(lines), ~lines, by=by), 0.25, atol=2e-3)


def test_the_median_ignores_a_few_and_is_near_the_true_one():
    field, labels = noise(), np.zeros((SIDE, SIDE), np.int32)
    expected = np.median(field.reshape(-1, 3), 0)
    assert np.abs(filled(field, labels)[0, 0] - expected).max() < 2 / 256


def test_lines_are_darker_than_their_surroundings_or_black():
    gray = np.full((60, 60), 200, np.uint8)
    gray[:, 30] = 120
    gray[40:, 40:] = 0
    lines = line_mask(gray)
    assert lines[:, 30].all()
    assert lines[45:, 45:].all()
    assert not lines[:20, :20].any()


def test_a_large_region_that_is_not_one_thing_keeps_its_colours():
    field = np.zeros((SIDE, SIDE, 3), np.float32)
    field[:, :60] = 1
    labels = np.zeros((SIDE, SIDE), np.int32)
    assert np.array_equal(flattened(field, labels, tolerance=0.1), field)
    assert len(np.unique(flattened(field, labels, tolerance=0.1, large=2))) == 1
    alike = 0.5 + 0.02 * field
    assert len(np.unique(flattened(alike, labels, tolerance=0.1))) == 1
