"""Grey pictures as a manga prints them: inked lines, and screentone for the shades between."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

LINE_WIDTH = 3
"""Pixels over which a line must be darker than its surroundings."""


def line_art(gray: Tensor) -> Tensor:
    """Return dark lines on white: the grey over its blurred self (colour dodge), steepened."""
    around = _blurred(gray, LINE_WIDTH)
    ratio = ((gray + 0.02) / (around + 0.02)).clamp(0, 1)
    return (1 - 4 * (0.97 - ratio)).clamp(0, 1)


def screentone(gray: Tensor) -> Tensor:
    """Return the lines with three shades of dots: a 45 degree screen of 5 pixels under hard ink."""
    height, width = gray.shape[-2:]
    y = torch.arange(height, device=gray.device)[:, None]
    x = torch.arange(width, device=gray.device)[None]
    turn = math.tau / 5 / math.sqrt(2)
    screen = 0.5 + 0.25 * (torch.sin(turn * (x + y)) + torch.sin(turn * (x - y)))
    shade = (_blurred(gray, 1) * 3).round() / 3  # flat areas, as a tone is a cut sheet
    dots = torch.sigmoid(12 * (shade + 0.15 - screen))
    return torch.minimum(line_art(gray), dots)


def _blurred(gray: Tensor, radius: int) -> Tensor:
    """Average twice over a square, nearly a Gaussian."""
    size = 2 * radius + 1
    for _ in range(2):
        gray = F.avg_pool2d(gray, size, 1, radius, count_include_pad=False)
    return gray
