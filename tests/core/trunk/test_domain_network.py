"""What pictures are of: the example is a face, lines on white an inked page."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from colorzoo.core.domains import DESCRIPTIONS, DOMAINS
from colorzoo.core.imaging.image_io import read
from colorzoo.core.trunk.domain_network import domain_of
from tests.conftest import REAL_DATA

EXAMPLE = Path(__file__).parents[3] / "examples" / "astronaut.png"


def gray(pixels):
    return torch.from_numpy(pixels)[None, None].float() / 255


def drawn_page():
    """Return a page of panels with figures of lines and a screentone, black on white."""
    page = np.full((700, 500), 255, np.uint8)
    random = np.random.default_rng(0)
    for top, left in ((10, 10), (10, 255), (240, 10), (470, 10), (470, 255)):
        cv2.rectangle(page, (left, top), (min(left + 235, 490), top + 215), 0, 3)
        for _ in range(12):
            center = (int(left + random.integers(40, 190)), int(top + random.integers(40, 170)))
            axes = (int(random.integers(8, 35)), int(random.integers(8, 35)))
            cv2.ellipse(page, center, axes, int(random.integers(180)), 0, 360, 0, 2)
    page[480:600:4, 20:200:4] = 0
    return page


def test_every_domain_has_a_description():
    assert tuple(DESCRIPTIONS) == DOMAINS


def test_the_example_is_a_face():
    domain, probability = domain_of(gray(read(EXAMPLE).gray))
    assert domain == "face"
    assert probability > 0.5


def test_lines_on_white_are_an_inked_page():
    assert domain_of(gray(drawn_page()))[0] == "inked"


@pytest.mark.parametrize(
    ("folder", "domain"),
    [("natural/cbsd68", "photo"), ("comics/peppercarrot-art", "painted")],
)
def test_pictures_of_sets_that_it_was_not_trained_on(folder, domain):
    files = sorted(Path(REAL_DATA or "nowhere", folder).glob("*.jpg"))[::3]
    if not files:
        pytest.skip(f"needs {folder} in COLORZOO_DATA")
    right = [domain_of(gray(read(file).gray))[0] == domain for file in files]
    assert sum(right) >= 0.75 * len(right)
