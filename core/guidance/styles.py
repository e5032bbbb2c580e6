"""More or less colour, and styles: the future work of the term project (6), computed on chroma."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

from colorzoo.core.interfaces.guidance import Guidance, Style

ORANGE = (-0.12, 0.09)
"""(Cb, Cr) added to middle grey at full warmth; black and white stay as they are."""


class Look(NamedTuple):
    """Saturation and warmth of a style."""

    saturation: float
    warmth: float


STYLES: Mapping[Style, Look] = {
    "plain": Look(1.0, 0.0),
    "vibrant": Look(1.5, 0.05),
    "gloomy": Look(0.5, -0.25),
    "warm": Look(1.05, 0.4),
    "cold": Look(0.9, -0.4),
    "faded": Look(0.55, 0.2),
}


def styled(chroma: Tensor, gray: Tensor, guidance: Guidance) -> Tensor:
    """Return chroma (N, 2, H, W) in style and strength; gray (N, 1, H, W) keeps paper and ink untinted."""
    look = STYLES[guidance.style]
    if look.saturation != 1:
        chroma = chroma * look.saturation
    if look.warmth:
        orange = chroma.new_tensor(ORANGE)[:, None, None]
        chroma = chroma + look.warmth * 4 * gray * (1 - gray) * orange
    return chroma * guidance.strength if guidance.strength != 1 else chroma
