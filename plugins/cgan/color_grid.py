"""Colour as a choice among the points of a grid in RGB: a doubtful network names one, not their grey mean.

Zhang et al. 2016, arXiv:1603.08511: cross-entropy over colours, and the mean of a sharpened distribution.
"""

from __future__ import annotations

from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

VIVID = 1.5
"""How much more than a grey pixel the most saturated one counts; most of a page is paper or dull."""


def grid(levels: int, like: Tensor) -> Tensor:
    """Return the colours (levels**3, 3) of the grid; blue changes fastest."""
    line = torch.linspace(0, 1, levels, dtype=like.dtype, device=like.device)
    return torch.cartesian_prod(line, line, line)


def expected(logits: Tensor, levels: int, temperature: float) -> Tensor:
    """Return sRGB (N, 3, H, W): the mean over softmax(logits / temperature), (N, levels**3, H, W)."""
    share = (logits / temperature).softmax(1)
    return torch.einsum("nkhw,kc->nchw", share, grid(levels, share)).float()


def cross_entropy(logits: Tensor, rgb: Tensor, levels: int, weight: Tensor) -> Tensor:
    """Return the mean cross-entropy with true colours (N, 3, H, W), shared by the 8 points around each.

    weight: (N, 1, H, W), beside that of vividness.
    """
    index, share = corners(rgb, levels)
    log_probability = F.log_softmax(logits.float(), 1).gather(1, index)
    vivid = 1 + VIVID * (rgb.amax(1, keepdim=True) - rgb.amin(1, keepdim=True))
    weight = weight * vivid
    return -(share * log_probability * weight).sum() / weight.sum().clamp_min(1e-6)


def corners(rgb: Tensor, levels: int) -> tuple[Tensor, Tensor]:
    """Return the indices (N, 8, H, W) of the points around colours and their trilinear shares."""
    scaled = rgb.clamp(0, 1) * (levels - 1)
    low = scaled.floor().clamp_max(levels - 2)
    above = scaled - low
    indices, shares = [], []
    for corner in product((0, 1), repeat=3):
        up = rgb.new_tensor(corner).view(1, 3, 1, 1)
        red, green, blue = (low + up).long().unbind(1)
        indices.append((red * levels + green) * levels + blue)
        shares.append(torch.where(up > 0, above, 1 - above).prod(1))
    return torch.stack(indices, 1), torch.stack(shares, 1)
