"""Colour beyond a tint, and near-duplicates."""

import io

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from colorzoo.core.data.quality import (
    MAX_HAMMING_DISTANCE,
    MIN_COLOR_SPREAD,
    NearDuplicates,
    color_spread,
    perceptual_hash,
)


def painted(seed):
    clouds = np.random.default_rng(seed).integers(0, 256, (7, 5, 3), np.uint8)
    return cv2.resize(clouds, (200, 280), interpolation=cv2.INTER_CUBIC)


def recompressed(image, quality=40):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def test_colour_by_hand():
    image = np.full((4, 4, 3), 128, np.uint8)
    assert color_spread(image) == 0
    red_and_green = np.zeros((2, 2, 3), np.uint8)
    red_and_green[0], red_and_green[1] = (200, 50, 60), (50, 127, 60)  # of the same luma
    ycc = cv2.cvtColor(red_and_green, cv2.COLOR_RGB2YCrCb).astype(float)
    half = (ycc[0, 0, 1:] - ycc[1, 0, 1:]) / 2
    assert color_spread(red_and_green) == pytest.approx(np.sqrt((half**2).sum()))


@pytest.mark.parametrize(("dark", "light"), [((0, 0, 0), (255, 255, 255)), ((30, 15, 0), (250, 225, 180)),
                                             ((10, 20, 60), (220, 235, 255))])  # fmt: skip
@pytest.mark.parametrize("seed", range(5))
def test_a_tint_is_no_colour(seed, dark, light):
    image = painted(seed)
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None] / 255
    noise = np.random.default_rng(seed).normal(0, 4, image.shape)
    scan = np.array(dark) + gray * (np.array(light) - np.array(dark)) + noise
    assert (
        color_spread(recompressed(scan.clip(0, 255).astype(np.uint8)))
        < MIN_COLOR_SPREAD
        < color_spread(image)
    )


@pytest.mark.parametrize("seed", range(8))
def test_copies_are_near_and_others_are_not(seed):
    image, hash = painted(seed), perceptual_hash(painted(seed))
    small = cv2.resize(image, (60, 84), interpolation=cv2.INTER_AREA)
    brighter = (image * 0.9 + 20).astype(np.uint8)
    for copy in (recompressed(image), small, brighter):
        assert (perceptual_hash(copy) ^ hash).bit_count() <= MAX_HAMMING_DISTANCE
    for other in range(100, 140):
        assert (perceptual_hash(painted(other)) ^ hash).bit_count() > MAX_HAMMING_DISTANCE


def test_flat_pictures_are_all_alike():
    noise = np.random.default_rng(0).integers(0, 2, (64, 64, 3), np.uint8)
    assert {perceptual_hash(noise + level) for level in (np.uint8(0), np.uint8(90), np.uint8(250))} == {0}


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (900, 1), (3, 2)])
def test_any_size(shape):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    assert color_spread(image) >= 0
    assert 0 <= perceptual_hash(image) < 2**64


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 2**64 - 1), max_size=80), st.integers(0, 2**64 - 1))
def test_the_first_near_one_is_found(hashes, wanted):
    seen = NearDuplicates()
    for index, hash in enumerate([*hashes, wanted ^ 0b111]):
        seen.add(str(index), hash)
    near = [
        str(i)
        for i, hash in enumerate([*hashes, wanted ^ 0b111])
        if (hash ^ wanted).bit_count() <= MAX_HAMMING_DISTANCE
    ]
    assert seen.find(wanted) == near[0]
    assert NearDuplicates().find(wanted) is None
