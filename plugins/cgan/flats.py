"""Flat colours under a page's ink, which loses its screentone."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from colorzoo.core.imaging.regions import flattened, line_mask, regions

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
TOLERANCE = 0.16
"""Mean deviation from the median, of channels in [0, 1], from which on a large region is not one thing."""
PAPER = 0.88
"""Colours with no channel below it are paper, which stays white."""
FRAME_GAP = 7
"""Pixels of a gap in a frame through which the margin does not reach into a panel."""
MOST_MARGIN = 0.5
"""Share of a page that its margin has at most; a drawing without frames is no margin."""
WHITE = 237
"""Grey from which on a pixel may be the margin's: tones are not."""
INK = 110
"""Grey below which a pixel is ink."""


def under_ink(flats: Tensor, page: Tensor, *, closed: bool) -> Tensor:
    """Return flat colours, sRGB (3, H, W), under the ink of a page (1, H, W), which loses its screentone.

    closed: give every closed region of the ink one colour.
    """
    gray = (255 * page[0]).round().byte().cpu().numpy()
    ink = without_tone(gray)
    flats = by_region(flats, ink) if closed else flats
    outside = torch.from_numpy(margin(gray < WHITE)).to(flats.device)
    return flats.masked_fill(outside, 1) * torch.from_numpy(ink).to(page) / 255


def by_region(colors: Tensor, ink: Gray) -> Tensor:
    """Return sRGB (3, H, W) with one colour for every closed region of the ink (H, W)."""
    lines = line_mask(ink)
    field = colors.permute(1, 2, 0).float().contiguous().cpu().numpy()
    flat = flattened(field, regions(lines), ~lines, tolerance=TOLERANCE)
    flat[flat.min(-1) >= PAPER] = 1
    return torch.from_numpy(flat).permute(2, 0, 1).to(colors)


def margin(drawn: Mask) -> Mask:
    """Return the paper around what is drawn on a page (H, W): what the page's edge is connected with."""
    gap = np.ones((FRAME_GAP, FRAME_GAP), np.uint8)
    free = 1 - cv2.dilate(drawn.astype(np.uint8), gap)
    outer = cv2.copyMakeBorder(free, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    labels = cv2.connectedComponents(outer, connectivity=4)[1]
    outside = cv2.dilate((labels == labels[0, 0])[1:-1, 1:-1].astype(np.uint8), gap) > 0
    return outside & ~drawn if outside.mean() <= MOST_MARGIN else np.zeros_like(drawn)


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
