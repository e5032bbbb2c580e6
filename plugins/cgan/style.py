"""Styles: the future work of the term project (6), computed in chroma space."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

from colorzoo.plugins.cgan.config import CGanOptions

ORANGE = (-0.12, 0.09)
"""(Cb, Cr) added to middle grey at full warmth; black and white stay as they are."""


class Style(NamedTuple):
    """Saturation and warmth of a style."""

    saturation: float
    warmth: float


STYLES = {
    "plain": Style(1.0, 0.0),
    "vibrant": Style(1.5, 0.05),
    "gloomy": Style(0.5, -0.25),
    "warm": Style(1.05, 0.4),
    "cold": Style(0.9, -0.4),
    "faded": Style(0.55, 0.2),
}


def styled(chroma: Tensor, gray: Tensor, options: CGanOptions) -> Tensor:
    """Return chroma (N, 2, H, W) in the style; gray (N, 1, H, W) keeps paper and ink from being tinted."""
    style = STYLES[options.style]
    saturation = style.saturation * options.saturation
    warmth = style.warmth + options.warmth
    if saturation != 1:
        chroma = chroma * saturation
    if warmth:
        chroma = chroma + warmth * 4 * gray * (1 - gray) * chroma.new_tensor(ORANGE)[:, None, None]
    return chroma
