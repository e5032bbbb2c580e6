"""Whether the pictures of a sequence agree on their colours: frame by frame, and over a chapter."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from colorzoo.core.guidance.motion import flicker, motion_between
from colorzoo.core.guidance.palette import palette_of_pictures
from colorzoo.core.imaging import color
from colorzoo.core.interfaces.sequence_metric import PairSequence, SequenceMetric

ENTRIES, LEAST = 12, 0.01
"""Colours of a chapter that are told apart, and the share of a page below which one is not counted."""


class Flicker(SequenceMetric):
    """How much colour changes from a frame to the next where nothing else does; cuts are left out.

    Chroma against that of the frame before, warped along the motion of the originals: root mean square over
    unchanged places, mean over the frames. Grey has none: read it beside an error.
    """

    higher_is_better = False
    unit = "levels of RGB, 0-255"

    def measure_sequence(self, pairs: PairSequence) -> float:
        values = list(_changes(pairs))
        return sum(values) / len(values) if values else math.nan


def _changes(pairs: PairSequence) -> Iterator[float]:
    """Yield the flicker of every frame that shows the same shot as the one before."""
    before = pairs[0]
    for index in range(1, len(pairs)):
        after = pairs[index]
        if before.target.shape == after.target.shape:
            motion = motion_between(before.gray[0], after.gray[0])
            if not motion.is_cut:
                yield flicker(color.chroma(before.first[0]), color.chroma(after.first[0]), motion)
        before = after


class Consistency(SequenceMetric):
    """How far apart the pages of a chapter are in what has one colour in the originals.

    The originals' colours are clustered into twelve; for each, the deviation over the pages of the mean
    colour that its pixels are given, mean over the twelve by area. Grey has none: read it beside an error.
    """

    higher_is_better = False
    unit = "levels of RGB, 0-255"

    def measure_sequence(self, pairs: PairSequence) -> float:
        return spread((color.chroma(pair.first[0]) for pair in pairs), pairs.of_targets(_entries))


def _entries(pairs: PairSequence) -> list[Tensor]:
    return entries([pair.target[0] for pair in pairs])


def entries(truth: Sequence[Tensor]) -> list[Tensor]:
    """Return which colour of the chapter's a pixel has, uint8 (h, w); truth: sRGB (3, h, w)."""
    centers = color.lab(palette_of_pictures(truth, ENTRIES).colors.T[..., None])[..., 0].T
    return [
        torch.cdist(color.lab(page).flatten(1).T, centers).argmin(1).view(page.shape[-2:]).to(torch.uint8)
        for page in truth
    ]


def spread(pages: Iterator[Tensor], entry: Sequence[Tensor]) -> float:
    """Return the deviation over pages of the mean colour of an entry, over the entries by area.

    pages: chroma (2, h, w). NaN where no colour is on two pages.
    """
    areas, means = (torch.stack(values, 1) for values in zip(*map(_of_page, pages, entry), strict=True))
    total = weight = 0.0
    for area, mean in zip(areas, means, strict=True):
        usable = area >= LEAST
        if int(usable.sum()) > 1:
            share = area[usable] / area[usable].sum()
            variance = (share[:, None] * (mean[usable] - share @ mean[usable]) ** 2).sum()
            total += float(area[usable].sum() * variance.sqrt())
            weight += float(area[usable].sum())
    return total / weight if weight else math.nan


def _of_page(chroma: Tensor, entry: Tensor) -> tuple[Tensor, Tensor]:
    """Return the areas (E,) of a page's entries, and the mean colours (E, 3) that they are given."""
    offset, shown = 255 * color.chroma_to_rgb_offset(chroma).flatten(1), entry.flatten()
    masks = torch.stack([shown == number for number in range(ENTRIES)]).float()
    return masks.mean(1), masks @ offset.T / masks.sum(1, keepdim=True).clamp_min(1)
