"""One colour for every closed region of a drawing."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from colorzoo.core.imaging.regions import flattened, line_mask, regions

TOLERANCE = 0.05
"""Mean deviation of the chroma from its median from which on a large region is not one thing."""


def flattened_chroma(chroma: Tensor, gray: Tensor) -> Tensor:
    """Return chroma (K, 2, H, W) with its median in every region closed by lines of gray (1, 1, H, W)."""
    lines = line_mask(np.asarray((255 * gray[0, 0]).round().byte().cpu().numpy()))
    labels = regions(lines)
    fields = chroma.permute(0, 2, 3, 1).contiguous().float().cpu().numpy()
    flat = [flattened(field, labels, ~lines, tolerance=TOLERANCE) for field in fields]
    return torch.from_numpy(np.stack(flat)).permute(0, 3, 1, 2).to(chroma)
