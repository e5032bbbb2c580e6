"""Coloured pages as a manga prints them: lines, solid blacks, and screentone for the shades between."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from colorzoo.core.imaging import color
from colorzoo.core.interfaces.stage import Batch

WIDER = 1.6
"""Ratio of the two Gaussians whose difference shows lines (Marr and Hildreth 1980)."""
FINER = 4
"""Dots are drawn at so many times their size, and averaged."""


@dataclass(frozen=True)
class Pen:
    """How a page is inked.

    width: deviation of the lines' Gaussian, in pixels. contrast: of its surroundings, what is not drawn any
    more. black: luma below which areas are solid. period: pixels between dots; 0: no screentone. shades:
    luma below which the lightest tone begins, and the darker one.
    """

    width: float = 1.0
    contrast: float = 0.03
    black: float = 0.1
    period: float = 0.0
    shades: tuple[float, float] = (0.7, 0.4)


LINE_PENS = (Pen(0.7), Pen(1.0), Pen(1.5))
"""Three widths of lines, for measuring."""
TONE_PENS = (Pen(period=4), Pen(period=6), Pen(period=8))
"""Three periods of screentone, for measuring."""
DENSITIES = (0.25, 0.45)
"""Of the two tones: nearly the share of the paper that they blacken."""


@dataclass(frozen=True)
class Drawn(Batch):
    """Pictures, as grey what was drawn of them, and lines (N, 1, H, W): the same without screentone."""

    lines: Tensor

    @classmethod
    def at_random(cls, picture: Tensor) -> Drawn:
        """Draw sRGB (N, 3, H, W) with a pen that is drawn too, from torch's generator."""
        value = torch.lerp(color.luma(picture), picture.amax(1, keepdim=True), float(torch.rand(())))
        page, lines = drawn(value, random_pen())
        layout = torch.channels_last
        return cls(picture, page.contiguous(memory_format=layout), lines.contiguous(memory_format=layout))


def random_pen() -> Pen:
    """Return a pen from torch's generator; a third have no screentone."""
    width, contrast, black, period, light, dark = torch.rand(6).tolist()
    return Pen(
        width=0.4 + 0.7 * width,
        contrast=0.01 + 0.05 * contrast,
        black=0.2 * black,
        period=5 * period if period > 1 / 3 else 0.0,
        shades=(0.6 + 0.25 * light, 0.25 + 0.25 * dark),
    )


def drawn(gray: Tensor, pen: Pen) -> tuple[Tensor, Tensor]:
    """Return page and lines, black on white, of grey, all (N, 1, H, W)."""
    lines = torch.minimum(line_drawing(gray, pen), solid_blacks(gray, pen.black))
    return torch.minimum(lines, screentone(gray, pen)) if pen.period else lines, lines


def line_drawing(gray: Tensor, pen: Pen) -> Tensor:
    """Return lines where grey is darker than around: a difference of Gaussians, over the lightness.

    Winnemoeller et al. 2012, XDoG, with its threshold relative, so that dark scenes have lines too.
    """
    fine, coarse = blurred(gray, pen.width), blurred(gray, WIDER * pen.width)
    darker = (coarse - fine) / (coarse + 0.1)
    return 1 - torch.tanh(40 * (darker - pen.contrast).clamp_min(0))


def solid_blacks(gray: Tensor, below: float) -> Tensor:
    """Return black where grey lies below, with a soft edge."""
    return ((gray - below) / 0.04 + 0.5).clamp(0, 1)


def screentone(gray: Tensor, pen: Pen) -> Tensor:
    """Return dots in two densities; areas are flat, as a tone is a cut sheet."""
    shade = blurred(gray, 2.0)
    tones = torch.ones_like(gray)
    for below, density in zip(pen.shades, DENSITIES, strict=True):
        tones = torch.where(shade < below, dots(gray, pen.period, density), tones)
    return tones


def dots(like: Tensor, period: float, density: float) -> Tensor:
    """Return black dots (1, 1, H, W) in rows at 45 degrees that cover a share of the paper below a half."""
    height, width = (
        (torch.arange(FINER * side, device=like.device) + 0.5) * math.tau / (FINER * period * math.sqrt(2))
        for side in like.shape[-2:]
    )
    screen = (torch.cos(height[:, None] + width) + torch.cos(height[:, None] - width)) / 2
    edge = 1 - 2 * density  # a cosine's product is above it on nearly that share
    return F.avg_pool2d((screen < edge).float()[None, None], FINER)


def blurred(gray: Tensor, deviation: float) -> Tensor:
    """Convolve with a Gaussian, along columns and rows."""
    radius = math.ceil(2.5 * deviation)
    at = torch.arange(-radius, radius + 1, device=gray.device, dtype=gray.dtype)
    kernel = torch.exp(-0.5 * (at / deviation) ** 2)
    kernel = kernel / kernel.sum()
    rows = F.conv2d(F.pad(gray, (0, 0, radius, radius), mode="replicate"), kernel.view(1, 1, -1, 1))
    return F.conv2d(F.pad(rows, (radius, radius, 0, 0), mode="replicate"), kernel.view(1, 1, 1, -1))
