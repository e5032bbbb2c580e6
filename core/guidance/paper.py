"""Blank paper: gutters, margins and speech bubbles, which no colour belongs on."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from colorzoo.core.imaging.image_io import Pixels, resize

WHITE = 237
"""Grey from which on a pixel may be paper, of 255."""
LARGE = 0.001
"""Share of the picture that a region has at least."""
FLAT = 3.0
"""Largest standard deviation of the grey in a region, of 255: a cloud or a highlight is shaded."""
SIDE = 2048
"""Longest side at which regions are looked for, in pixels."""
THIN = 400
"""What is narrower than this share of the longest side is a highlight, not paper."""


def colored_share(gray: Pixels) -> Tensor:
    """Return (1, 1, h, w): the share of its chroma that a place keeps, 0 on paper and 1 elsewhere.

    gray: uint8 (H, W). h and w are H and W, or smaller. Paper is a large, flat, connected region that is
    nearly white; its border is feathered over two pixels.
    """
    scale = min(1.0, SIDE / max(gray.shape))
    if scale < 1:
        gray = resize(gray, *(max(1, round(side * scale)) for side in gray.shape[::-1]))
    return torch.from_numpy(1 - cv2.blur(_paper(gray).astype(np.float32), (5, 5)))[None, None]


def _paper(gray: Pixels) -> Pixels:
    """Return uint8 (H, W), 1 where there is paper."""
    white = (gray >= WHITE).astype(np.uint8)
    width = 2 * round(max(gray.shape) / THIN / 2) + 1
    brush = np.ones((width, width), np.uint8)
    count, labels, regions, _ = cv2.connectedComponentsWithStats(cv2.erode(white, brush), connectivity=4)
    sizes = regions[:, cv2.CC_STAT_AREA].clip(1).astype(float)
    level = np.bincount(labels.ravel(), gray.ravel(), count) / sizes
    spread = np.bincount(labels.ravel(), gray.ravel().astype(float) ** 2, count) / sizes - level**2
    is_paper = (sizes >= LARGE * gray.size) & (spread <= FLAT**2)
    is_paper[0] = False  # what is not white
    core = is_paper[labels].astype(np.uint8)
    return np.minimum(cv2.dilate(core, brush), white).astype(np.uint8)
