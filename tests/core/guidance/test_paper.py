"""Which regions of a page are blank paper."""

import cv2
import numpy as np

from colorzoo.core.guidance.paper import colored_share


def page(height=300, width=200):
    """Return grey panels on white, with a bubble that holds letters, and a shaded white cloud."""
    rng = np.random.default_rng(0)
    gray = np.full((height, width), 255, np.uint8)
    for top in (10, 160):
        gray[top : top + 130, 10:190] = rng.integers(90, 150, (130, 180))
    cv2.ellipse(gray, (70, 60), (40, 25), 0, 0, 360, 250, -1)
    cv2.ellipse(gray, (70, 60), (40, 25), 0, 0, 360, 0, 2)
    cv2.putText(gray, "HELLO", (45, 65), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 0, 1)
    cloud = np.linspace(225, 255, 60)[:, None].repeat(80, 1).round()
    gray[200:260, 60:140] = cloud
    return gray


def test_gutters_and_bubbles_are_paper_and_panels_are_not():
    share = colored_share(page())[0, 0].numpy()
    assert share[5, 100] == share[150, 100] == 0  # margin and gutter
    assert share[48, 70] == 0  # inside the bubble, above the letters
    assert share[120, 100] == 1  # a panel


def test_a_shaded_cloud_is_no_paper():
    assert colored_share(page())[0, 0, 200:240, 70:130].min() > 0.9


def test_a_photo_with_a_highlight_has_none():
    gray = np.random.default_rng(1).integers(60, 180, (200, 300)).astype(np.uint8)
    gray[50:53, 40:43] = 255
    assert colored_share(gray).min() == 1


def test_a_large_page_is_looked_at_smaller():
    share = colored_share(np.full((40, 5000), 255, np.uint8))
    assert share.shape == (1, 1, 16, 2048)
    assert share.max() == 0
