"""Pictures made by rule, so that contracts need no data."""

from __future__ import annotations

import numpy as np

from colorzoo.core.data.packed import Packed
from colorzoo.core.imaging.image_io import Pixels


def synthetic_picture(seed: int, height: int = 72, width: int = 64) -> Pixels:
    """Return a picture with smooth colour, an edge and grain: uint8 (height, width, 3)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    base = np.stack([np.sin(3 * x + p) * np.cos(2 * y + p) for p in rng.uniform(0, 6, 3)], -1)
    disc = ((x - rng.uniform(0.3, 0.7)) ** 2 + (y - 0.5) ** 2 < 0.05)[..., None]
    picture = 0.5 + 0.3 * base + disc * rng.uniform(-0.3, 0.3, 3) + rng.normal(0, 0.02, (height, width, 1))
    pixels: Pixels = (picture.clip(0, 1) * 255).astype(np.uint8)
    return pixels


def synthetic_pictures(size: int) -> Packed:
    """Return sixteen of them at a side in pixels, packed as training reads them."""
    images = np.stack([synthetic_picture(index, size, size) for index in range(16)])
    return Packed(images, [str(index) for index in range(16)], "f" * 64)
