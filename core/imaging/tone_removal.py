"""Screentone taken out of a page: dots are small, alone, alike and many beside each other."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Gray = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int32]
Sums = npt.NDArray[np.float32]
SMALL, DOT_SHARE = 3, 0.009
"""Side of the largest dot, as a share of the page's short side, or the least in pixels."""
NEIGHBOURHOOD, NEIGHBOURS = 5, 18
"""Dots are so many in a square of so many times the largest dot's side; eyes and full stops are not."""
LIGHTEST = 0.04
"""Share of that square that they cover, at least."""
ALIKE = 1.7
"""A dot's area, at most, as a multiple of the mean of those around."""
INK = 110
"""Grey below which a pixel is ink."""


def without_tone(page: Gray) -> Gray:
    """Return the page (H, W) with white paper where screentone was.

    Dots are small, alone, alike and many beside each other. Darker tones, whose dots touch, stay.
    """
    ink = page < INK
    dots = _dots(ink, max(SMALL, round(DOT_SHARE * min(page.shape))))
    around = _grown(dots, 5) & ~_grown(ink & ~dots, 3)
    return np.where(dots | around, np.uint8(255), page)


def _dots(ink: Mask, largest: int) -> Mask:
    """Return the pixels of parts that are small, no larger than others around, and in a crowd of them."""
    count, parts, boxes, _ = cv2.connectedComponentsWithStats(ink.astype(np.uint8), connectivity=8)
    sides = boxes[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1]
    small = np.flatnonzero((sides.max(1) <= largest) & (np.arange(count) > 0))
    x, y = (boxes[small, :2] + sides[small] // 2).T
    area = boxes[small, cv2.CC_STAT_AREA].astype(np.float32)
    side = NEIGHBOURHOOD * largest
    dots, covered = (_sums_around(ink.shape, (y, x), weight, side) for weight in (1, area))
    crowded = (dots >= NEIGHBOURS) & (covered >= LIGHTEST * side**2)
    is_dot = np.zeros(count, bool)
    is_dot[small] = crowded & (area * dots <= ALIKE * covered)
    return np.asarray(is_dot[parts], bool)


def _sums_around(
    shape: tuple[int, ...], at: tuple[Indices, Indices], weight: float | Sums, side: int
) -> Sums:
    """Return, for every point, the sum of the weights of the points in a square around it."""
    plane = np.zeros(shape, np.float32)
    np.add.at(plane, at, weight)
    return np.asarray(cv2.boxFilter(plane, -1, (side, side), normalize=False)[at], np.float32)


def _grown(mask: Mask, side: int) -> Mask:
    return cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
