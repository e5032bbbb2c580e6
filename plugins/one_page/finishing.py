"""What follows the network: Hensman and Aizawa's steps, in their order, on chroma.

Screentone is taken out of what regions are found in, a region has one colour, colours are made more
saturated and then fewer. Shading, their last step, is laid on top of flats; here it was never taken away:
the engine keeps the picture's own luma.
"""

from __future__ import annotations

import torch
from torch import Tensor

from colorzoo.core.guidance.chapter import palette_of_table
from colorzoo.core.guidance.correspondence import Cells
from colorzoo.core.guidance.flat_regions import flattened_chroma
from colorzoo.core.guidance.palette import nearest_of_palette
from colorzoo.core.imaging.tone_removal import without_tone
from colorzoo.plugins.one_page.config import OnePageOptions


def finished(chroma: Tensor, gray: Tensor, options: OnePageOptions, taught: Cells | None) -> Tensor:
    """Return chroma (1, 2, H, W) of grey (1, 1, H, W) after the steps; taught: what colours there are."""
    if options.regions:
        chroma = flattened_chroma(chroma, _without_tone(gray) if options.tone else gray)
    chroma = options.saturation * chroma
    if options.colors and taught is not None:
        chroma = nearest_of_palette(chroma, gray, palette_of_table(taught, options.colors))
    return chroma


def _without_tone(gray: Tensor) -> Tensor:
    page = (255 * gray[0, 0]).round().byte().cpu().numpy()
    return torch.from_numpy(without_tone(page)).to(gray)[None, None] / 255
