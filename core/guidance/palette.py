"""Palettes: the colours that pictures have, and chroma moved towards colours that are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from colorzoo.core.imaging import color

COUNT = 12
SIDE = 160
"""Longest side at which pictures are looked at for their colours, in pixels."""
BIN = 4.0
"""Side of the cells of CIE Lab in which pixels are counted before they are clustered."""
NEARLY_GRAY = 8.0
"""Chroma of CIE Lab below which a pixel is counted with the greys."""
LEAST_SHARE = 0.002
"""Of the pixels: fewer are no colour of the pictures."""
ROUNDS = 30
LIGHTNESS_WEIGHT = 0.35
"""What a difference in luma counts beside one in chroma when a pixel looks for its palette entry."""
SOFTNESS = 0.04
"""Standard deviation of the soft assignment, in chroma."""
VISIBLE = 0.02
"""Chroma at which half of the move is made: grey stays grey."""


class Palette(NamedTuple):
    """Colours (P, 3), sRGB in [0, 1], the most frequent first, and their shares (P,) of the pictures."""

    colors: Tensor
    shares: Tensor

    @property
    def luma(self) -> Tensor:
        """Luma (P,) in [0, 1]."""
        return color.luma(self.colors.T[..., None])[0, :, 0]

    @property
    def chroma(self) -> Tensor:
        """Chroma (P, 2)."""
        return color.chroma(self.colors.T[..., None])[..., 0].T


def palette_of_colors(colors: Sequence[tuple[int, int, int]]) -> Palette:
    """Return given colours, integers from 0 to 255, as a palette of equal shares."""
    rgb = torch.tensor(colors, dtype=torch.float32) / 255
    return Palette(rgb, torch.full((len(rgb),), 1 / len(rgb)))


def palette_of_pictures(pictures: Sequence[Tensor], count: int = COUNT) -> Palette:
    """Return at most `count` colours of pictures (3, H, W), sRGB in [0, 1], and one grey if there is any.

    k-means in CIE Lab of what is not nearly grey, each picture counting as much as any other; the first
    centres are the most frequent colour and, again and again, the one farthest from all, weighted by area.
    Nothing is random. Rare colours are left out.
    """
    pixels = [_reduced(picture) for picture in pictures]
    rgb = torch.cat([p.flatten(1).T for p in pixels])
    weight = torch.cat([torch.full((p[0].numel(),), 1 / p[0].numel() / len(pixels)) for p in pixels])
    lab = color.lab(rgb.T[..., None])[..., 0].T
    gray = lab[:, 1:].norm(dim=1) < NEARLY_GRAY
    nearest = torch.full((len(rgb),), -1)
    if bool((~gray).any()):
        nearest[~gray] = _clusters(lab[~gray], weight[~gray], count)
    members = torch.nn.functional.one_hot(nearest + 1).to(rgb)
    shares = weight @ members
    colors = (members * weight[:, None]).T @ rgb / shares.clamp_min(1e-12)[:, None]
    order = shares.argsort(descending=True, stable=True)
    order = order[shares[order] >= LEAST_SHARE]
    return Palette(colors[order], shares[order])


def moved_to_palette(chroma: Tensor, luma: Tensor, palette: Palette) -> Tensor:
    """Return chroma (..., 2, h, w) moved towards a palette's, given luma (..., 1, h, w).

    Every pixel belongs softly to entries, by chroma and a little by luma. With c its chroma, e an entry's
    and m the mean of what belongs to the entry, the move is e - (c + m) / 2: half replacement, half a shift
    that keeps the shading, as for hints. Pixels without colour are not moved; a palette of greys moves
    nothing.
    """
    entries = palette.chroma.to(chroma)
    if not bool((entries.norm(dim=1) > VISIBLE).any()):
        return chroma
    colors = chroma.flatten(-2).mT  # (..., pixels, 2)
    strength = colors.norm(dim=-1, keepdim=True)
    own = _assignment(colors, luma.flatten(-2).mT, palette)
    mean = own.mT @ (strength * colors) / (own.mT @ strength).clamp_min(1e-6)
    visible = strength**2 / (strength**2 + VISIBLE**2)
    moved: Tensor = colors + visible * (own @ (entries - mean / 2) - colors / 2)
    return moved.transpose(-1, -2).reshape(chroma.shape)


def nearest_of_palette(chroma: Tensor, luma: Tensor, palette: Palette) -> Tensor:
    """Return chroma (..., 2, h, w) with that of the nearest entry, by chroma and a little by luma."""
    entries = palette.chroma.to(chroma)
    share = _assignment(chroma.flatten(-2).mT, luma.flatten(-2).mT, palette)
    return entries[share.argmax(-1)].mT.reshape(chroma.shape)


def _reduced(picture: Tensor) -> Tensor:
    height, width = picture.shape[-2:]
    scale = min(1.0, SIDE / max(height, width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))
    return color.resize_area(picture[None].float(), size)[0].clamp(0, 1)


def _clusters(points: Tensor, weight: Tensor, count: int) -> Tensor:
    """Return the index (N,) of the k-means cluster of each point (N, D), at most `count` clusters."""
    cells, cell = torch.unique((points / BIN).round(), dim=0, return_inverse=True)
    mass = torch.zeros(len(cells)).index_add_(0, cell, weight)
    middle = torch.zeros_like(cells).index_add_(0, cell, weight[:, None] * points) / mass[:, None]
    centers = _spread_out(middle, mass, count)
    for _ in range(ROUNDS):
        nearest = torch.cdist(middle, centers).argmin(1)
        belongs = torch.nn.functional.one_hot(nearest, len(centers)).to(mass) * mass[:, None]
        total = belongs.sum(0)
        centers = torch.where(
            (total > 0)[:, None], belongs.T @ middle / total.clamp_min(1e-12)[:, None], centers
        )
    return torch.cdist(middle, centers).argmin(1)[cell]


def _spread_out(points: Tensor, mass: Tensor, count: int) -> Tensor:
    """Return at most `count` points: the heaviest, then that of most mass times squared distance."""
    chosen = [int(mass.argmax())]
    distance = torch.cdist(points, points[chosen])[:, 0]
    while len(chosen) < count and float(distance.max()) > BIN:
        chosen.append(int((mass * distance**2).argmax()))
        distance = torch.minimum(distance, torch.cdist(points, points[chosen[-1:]])[:, 0])
    return points[chosen].clone()


def _assignment(colors: Tensor, luma: Tensor, palette: Palette) -> Tensor:
    """Return how much (..., N, P) chroma (..., N, 2) of luma (..., N, 1) belongs to each entry."""
    entries = torch.cat([palette.chroma, LIGHTNESS_WEIGHT * palette.luma[:, None]], 1).to(colors)
    lightness = LIGHTNESS_WEIGHT * luma.to(colors).expand(*colors.shape[:-1], 1)
    distance = torch.cdist(torch.cat([colors, lightness], -1), entries)
    return (distance**2 / (-2 * SOFTNESS**2)).softmax(-1)
