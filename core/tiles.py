"""Large pictures in parts that overlap, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch.nn.functional as F
from torch import Tensor


def tiled(
    function: Callable[[Tensor], Tensor], picture: Tensor, *, cell: int, scale: int, reach: int, tile: int
) -> Tensor:
    """Apply a convolutional function to (N, C, H, W) tile by tile; return (N, c, H / scale, W / scale).

    cell: the function takes sides that are multiples of it; the picture is padded with its edge.
    scale: how much smaller than its input the function's output is; H and W are multiples of it.
    reach: pixels beyond which the input changes nothing. A tile is computed with that much around it,
    so its seams are as exact as rounding. tile: its side without, a multiple of cell.
    """
    height, width = picture.shape[-2:]
    padded = F.pad(picture, (0, -width % cell, 0, -height % cell), mode="replicate")
    reach += -reach % cell
    out: Tensor | None = None
    for top, bottom, above, below in _spans(padded.shape[-2], tile, reach):
        for left, right, before, behind in _spans(padded.shape[-1], tile, reach):
            found = function(padded[..., above:below, before:behind])
            if out is None:
                size = (padded.shape[-2] // scale, padded.shape[-1] // scale)
                out = found.new_empty(*found.shape[:2], *size)
            inside = found[
                ...,
                (top - above) // scale : (bottom - above) // scale,
                (left - before) // scale : (right - before) // scale,
            ]
            out[..., top // scale : bottom // scale, left // scale : right // scale] = inside
    assert out is not None  # a picture has at least one pixel
    return out[..., : height // scale, : width // scale]


def _spans(length: int, tile: int, reach: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield start and end of every tile, and those of what it is computed from."""
    for start in range(0, length, tile):
        end = min(start + tile, length)
        yield start, end, max(0, start - reach), min(length, end + reach)
