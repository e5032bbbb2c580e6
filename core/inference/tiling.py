"""Large pictures by overlapping tiles or by stripes, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

STRIPE = 2**18
"""Pixels of a picture at full size that are computed at once."""


def tiled(
    function: Callable[[Tensor], Tensor], picture: Tensor, *, cell: int, scale: int, reach: int, tile: int
) -> Tensor:
    """Apply a convolutional function to (N, C, H, W) tile by tile; return (N, c, H / scale, W / scale).

    cell: the function takes sides that are multiples of it; the picture is padded with its edge.
    scale: how much smaller than its input the function's output is; H and W are multiples of it.
    reach: radius of the receptive field in pixels; a tile is computed with that much around it, so that
    seams are exact to rounding. tile: side of a tile without it, a multiple of cell.
    """
    height, width = picture.shape[-2:]
    padded = F.pad(picture, (0, -width % cell, 0, -height % cell), mode="replicate")
    reach += -reach % cell
    out: Tensor | None = None
    for top, bottom, above, below in _spans(padded.shape[-2], tile, reach):
        for left, right, before, behind in _spans(padded.shape[-1], tile, reach):
            result = function(padded[..., above:below, before:behind])
            if out is None:
                size = (padded.shape[-2] // scale, padded.shape[-1] // scale)
                out = result.new_empty(*result.shape[:2], *size)
            inside = result[
                ...,
                (top - above) // scale : (bottom - above) // scale,
                (left - before) // scale : (right - before) // scale,
            ]
            out[..., top // scale : bottom // scale, left // scale : right // scale] = inside
    assert out is not None  # a picture has at least one pixel
    return out[..., : height // scale, : width // scale]


def _spans(length: int, tile: int, reach: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield start and end of every tile, and start and end of its input."""
    for start in range(0, length, tile):
        end = min(start + tile, length)
        yield start, end, max(0, start - reach), min(length, end + reach)


def stripes(height: int, width: int, pixels: int = STRIPE) -> Iterator[tuple[int, int]]:
    """Yield first and last row (exclusive) of the stripes of a picture, `pixels` each at most."""
    rows = max(1, pixels // width)
    return ((top, min(top + rows, height)) for top in range(0, height, rows))


def bilinear_rows(image: Tensor, size: tuple[int, int], top: int, bottom: int) -> Tensor:
    """Return rows top to bottom of (N, C, h, w) resized to `size` (H, W), without computing the others.

    The same arithmetic as `F.interpolate(mode="bilinear")`, so the same bits where the processor fuses
    multiplications with additions, and everywhere equal to rounding.
    """
    height, width = image.shape[-2], size[1]
    if (top, bottom) == (0, size[0]):
        return F.interpolate(image, size=size, mode="bilinear", align_corners=False)
    scale = (torch.tensor(height, dtype=torch.float32) / size[0]).double()
    rows = (scale * (torch.arange(top, bottom, dtype=torch.float64) + 0.5) - 0.5).float().clamp_min(0)
    above = rows.floor().long().clamp_max(height - 1)
    below = (above + 1).clamp_max(height - 1)
    weight = (rows - above).clamp(0, 1)[:, None].to(image)
    first, last = (
        (int(above[0]), int(below[-1]) + 1) if width > 128 else (0, height)
    )  # as torch chooses kernels
    section = image[..., first:last, :]
    wide = F.interpolate(section, size=(last - first, width), mode="bilinear", align_corners=False)
    upper, lower = (wide[..., (index - first).to(image.device), :] for index in (above, below))
    return torch.addcmul(lower * weight, upper, 1 - weight)
