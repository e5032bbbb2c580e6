"""Flat colours under a page's ink, which loses its screentone."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from colorzoo.core.imaging.regions import flattened, line_mask, regions
from colorzoo.core.imaging.tone_removal import without_tone

Gray = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
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
