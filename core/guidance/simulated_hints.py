"""Simulated hints: what a user might point at, drawn from the truth; to measure with and to learn from."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from colorzoo.core.guidance.hint_network import spread_and_known
from colorzoo.core.guidance.hints import smoothness
from colorzoo.core.imaging import color
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.interfaces.guidance import Hint

STOP = 1 / 8
"""Of the geometric distribution of how many there are."""
MANY = 128
"""Most where the number is drawn evenly over its logarithm."""
LARGEST = 9
"""Largest side of a patch, in pixels."""
WHOLE = 0.01
"""Share of the pictures whose chroma is revealed as a whole."""

TURN, PALEST, DAUB = 0.5, 0.4, 0.03
"""Deviation in radians, least share of the chroma, and deviation of blotches, by which answers are made
worse: on pictures that it has learned from a colorizer is better than it will be."""
BLOTCHES = 8
"""Side of the noise that blotches are made of."""


class Drawn(NamedTuple):
    """The mask and the chroma under it (N, 3, H, W), and how many hints each picture was given."""

    planes: Tensor
    counts: list[int]


def true_hints(picture: Picture, count: int, seed: int) -> list[Hint]:
    """Return hints at random points, each with the colour of its one pixel."""
    points = np.random.default_rng(seed).integers(0, picture.gray.shape, (count, 2)).tolist()
    return [Hint(x=x, y=y, color=tuple(picture.rgb[y, x].tolist())) for y, x in points]


def drawn_hints(rgb: Tensor) -> Drawn:
    """Return hints for pictures (N, 3, H, W) as a network learns from them, by torch's generator.

    Zhang et al. 2017, arXiv:1705.02999, section 3.2: a geometric number, patches of 1 to 9 pixels of their
    mean chroma, around the middle, and at times everything. Here one at least, since without any nothing
    is to be learned; for half of the pictures as many as 128, evenly over the logarithm; half are anywhere.
    """
    chroma = color.chroma(rgb)
    planes = torch.zeros_like(rgb)
    counts = [_drawn(one, out) for one, out in zip(chroma, planes, strict=True)]
    return Drawn(planes, counts)


def _drawn(chroma: Tensor, out: Tensor) -> int:
    """Write the mask and the chroma of hints into out (3, H, W); return how many."""
    height, width = chroma.shape[-2:]
    whole, even, log, centred = torch.rand(4).tolist()
    if whole < WHOLE:
        out[0], out[1:] = 1, chroma
        return height * width
    count = round(MANY**log) if even < 0.5 else 1 + int(math.log(1 - log) / math.log(1 - STOP))
    places = torch.randn(count, 2) / 4 + 0.5 if centred < 0.5 else torch.rand(count, 2)
    sides = torch.randint(1, LARGEST + 1, (count,)).tolist()
    for (down, right), side in zip(places.clamp(0, 1).tolist(), sides, strict=True):
        top, left = (min(int(p * n), n - side) for p, n in ((down, height), (right, width)))
        rows, columns = slice(max(top, 0), top + side), slice(max(left, 0), left + side)
        out[0, rows, columns] = 1
        out[1:, rows, columns] = chroma[:, rows, columns].mean((-2, -1), keepdim=True)
    return count


def simulated_answers(chroma: Tensor, gray: Tensor, rgb: Tensor) -> tuple[Tensor, Tensor]:
    """Return the engine's answers under simulated hints, and what a hint network is to know of each.

    chroma: predicted, (N, 2, h, w); half is made worse. gray: (N, 1, h, w). rgb: true, (N, 3, 2h, 2w).
    """
    chroma, size = worsened(chroma), (chroma.shape[-2], chroma.shape[-1])
    hints = drawn_hints(rgb)
    planes = F.avg_pool2d(hints.planes, 2)
    each = [
        spread_and_known(one[None], light[None], own, smoothness(count, size))
        for one, light, own, count in zip(chroma, gray, planes, hints.counts, strict=True)
    ]
    answer, known = (torch.cat(several) for several in zip(*each, strict=True))
    return answer, known.contiguous(memory_format=torch.channels_last)


def worsened(chroma: Tensor) -> Tensor:
    """Return chroma (N, 2, H, W), half of it at random turned, paler and blotchy."""
    chosen, pale = torch.rand(2, len(chroma), 1, 1, 1).to(chroma)
    angle = TURN * torch.randn(len(chroma), 1, 1).to(chroma)
    cb, cr = chroma.unbind(1)
    turned = torch.stack([cb * angle.cos() - cr * angle.sin(), cb * angle.sin() + cr * angle.cos()], 1)
    noise = DAUB * torch.randn(len(chroma), 2, BLOTCHES, BLOTCHES).to(chroma)
    blotches = F.interpolate(noise, size=chroma.shape[-2:], mode="bilinear", align_corners=False)
    return torch.where(chosen < 0.5, turned * (PALEST + (1 - PALEST) * pale) + blotches, chroma)
