"""Closed regions of a drawing, each to be filled with one colour: lines, a label map, and the filling.

Trapped-ball segmentation (Zhang et al. 2009, "Vectorizing Cartoon Animations"): a ball that does not fit
through a gap in a line cannot leak through it. Balls of falling size are tried, so that small regions get
a label too; what a smaller ball reaches from one region alone belongs to that region.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int32]
Field = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

BALL = 0.004
"""Radius of the largest ball, as a share of the short side."""
SMALLEST = 12
"""Pixels of the smallest region; smaller ones take the label of the nearest."""
CORRIDOR = 0.5
"""Two regions are one where the border they share is that much of the narrower one's width."""
LEVELS = 256
"""Steps in which a median is found."""
CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


def line_mask(gray: npt.NDArray[np.uint8], *, contrast: float = 24, reach: int = 15) -> Mask:
    """Return the pixels of grey (H, W) that are darker than their surroundings by `contrast`, or black.

    reach: side of the surroundings, in pixels.
    """
    around = cv2.blur(gray, (reach, reach)).astype(np.int16)
    return np.asarray((around - gray > contrast) | (gray < contrast), bool)


def regions(lines: Mask, ball: float | None = None) -> Labels:
    """Return the label (H, W), from 0 on, of the closed region of every pixel; of lines, the nearest one's.

    ball: radius in pixels of the largest ball; gaps narrower than its diameter do not leak.
    """
    free = ~lines
    if not free.any():
        return np.zeros(lines.shape, np.int32)
    room = _room(free)
    labels = np.zeros(lines.shape, np.int32)  # 0: none yet
    seeds = np.zeros((0,), np.int64)  # a pixel of every label
    for radius in _radii(ball if ball is not None else max(2.0, BALL * min(lines.shape))):
        seeds = _grown(labels, seeds, room, radius)
    return _without_necks(_nearest(labels) - 1, room, free)


def filled(
    field: Field, labels: Labels, where: Mask | None = None, *, by: Literal["mean", "median"] = "median"
) -> Field:
    """Return the field (H, W, C) with one value a region: the mean or median of its pixels.

    where: pixels that count; a region without any takes all of its own. The median is found to a
    256th of the range of the field.
    """
    weights = np.ones(labels.shape) if where is None else _counting(labels, where)
    count = int(labels.max()) + 1
    values = _means if by == "mean" else _medians
    per_region = [values(plane, labels.ravel(), weights.ravel(), count) for plane in _planes(field)]
    return np.stack(per_region, -1).astype(np.float32)[labels]


def flattened(
    field: Field, labels: Labels, where: Mask | None = None, *, tolerance: float, large: float = 0.01
) -> Field:
    """Return the field (H, W, C) with its median in every region but large ones that are not one thing.

    Open drawings leave gaps that no ball closes. A region of more than a share `large` of the picture
    whose values deviate from the median by more than `tolerance` on average keeps them; at four fifths of
    it, none.
    """
    flat = filled(field, labels, where)
    weights = (np.ones(labels.shape) if where is None else _counting(labels, where)).ravel()
    apart = np.abs(field - flat).mean(-1).ravel()
    count = int(labels.max()) + 1
    deviation = _means(apart, labels.ravel(), weights, count)
    keep = np.clip(5 * deviation / tolerance - 4, 0, 1)
    keep[np.bincount(labels.ravel(), minlength=count) < large * labels.size] = 0
    return flat + keep.astype(np.float32)[labels][..., None] * (field - flat)


def _radii(largest: float) -> Iterator[float]:
    """Yield the radii of the balls: falling to a pixel by two thirds each, and 0."""
    while largest > 1:
        yield largest
        largest /= 1.5
    yield 0.0


def _room(free: Mask) -> Field:
    """Return every pixel's distance to the nearest line; where there is none, the picture's long side."""
    distance = cv2.distanceTransform(free.astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(np.minimum(distance, max(free.shape)), np.float32)


def _grown(labels: Labels, seeds: Indices, room: Field, radius: float) -> Indices:
    """Let labels grow to where a ball of the radius is free to go, and add those of new regions."""
    reached = room > radius
    count, found = cv2.connectedComponents(reached.astype(np.uint8), connectivity=4, ltype=cv2.CV_32S)
    parts = np.asarray(found, np.int32)
    known = parts.ravel()[seeds]
    holds = np.bincount(known, minlength=count)
    first = np.zeros(count, np.int32)
    first[known[::-1]] = np.arange(len(seeds), 0, -1)
    new = _large(parts, count) & (holds == 0)
    new[0] = False
    first[new] = len(seeds) + 1 + np.arange(np.count_nonzero(new))
    todo = reached & (labels == 0)
    alone = holds <= 1
    labels[todo] = np.where(alone, first, 0)[parts[todo]]
    _spread(labels, todo & ~alone[parts], round(2 * radius) + 2)
    return np.concatenate([seeds, _first_pixels(parts, count)[new]])


def _spread(labels: Labels, into: Mask, rounds: int) -> None:
    """Let labels grow into pixels without one, a step a round; steps are not diagonal and cross no line."""
    if not into.any():
        return
    current = labels.astype(np.float32)
    for _ in range(rounds):
        around = cv2.dilate(current, CROSS)
        np.copyto(current, around, where=into & (current == 0))
    np.copyto(labels, current.astype(np.int32))


def _large(parts: Labels, count: int) -> npt.NDArray[np.bool_]:
    return np.asarray(np.bincount(parts.ravel(), minlength=count) >= SMALLEST, bool)


def _first_pixels(parts: Labels, count: int) -> Indices:
    """Return the index of a pixel of every part."""
    first = np.zeros(count, np.int64)
    flat = parts.ravel()
    first[flat] = np.arange(flat.size)
    return first


def _nearest(labels: Labels) -> Labels:
    """Return the label of the nearest pixel that has one."""
    without = (labels == 0).astype(np.uint8)
    if without.all():
        return np.ones_like(labels)
    _, index = cv2.distanceTransformWithLabels(without, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    of_index = np.zeros(int(index.max()) + 1, np.int32)
    has = without == 0
    of_index[index[has]] = labels[has]
    return np.asarray(of_index[index], np.int32)


def _without_necks(labels: Labels, room: Field, free: Mask) -> Labels:
    """Join regions that a ball has parted at a neck of one shape: a border as wide as the shape.

    A region joins one other only, or slivers would be bridges.
    """
    width = np.zeros(int(labels.max()) + 1, np.float32)
    np.maximum.at(width, labels[free], 2 * room[free])
    narrow, wide, border = _borders(labels, free, width)
    longest = np.lexsort((wide, -border, narrow))
    _, first = np.unique(narrow[longest], return_index=True)
    root = np.arange(len(width))
    for pair in longest[first]:
        if border[pair] >= CORRIDOR * width[narrow[pair]]:
            root[root == root[narrow[pair]]] = root[wide[pair]]
    return np.unique(root, return_inverse=True)[1].astype(np.int32)[labels]


def _borders(labels: Labels, free: Mask, width: Field) -> tuple[Indices, Indices, Indices]:
    """Return pairs of neighbours, the narrower first, and how many pixels face each other, lines apart."""
    count = len(width)
    keys = []
    for one, other in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        differs = free[one] & free[other] & (labels[one] != labels[other])
        a, b = labels[one][differs].astype(np.int64), labels[other][differs].astype(np.int64)
        swap = (width[b] < width[a]) | ((width[b] == width[a]) & (b < a))
        keys.append(np.where(swap, b * count + a, a * count + b))
    pairs, border = np.unique(np.concatenate(keys), return_counts=True)
    return pairs // count, pairs % count, border


def _counting(labels: Labels, where: Mask) -> npt.NDArray[np.float64]:
    """Return 1 for pixels that count, and for all of a region that has none."""
    lacks = np.bincount(labels[where], minlength=int(labels.max()) + 1) == 0
    return np.asarray(where | lacks[labels], np.float64)


def _planes(field: Field) -> list[npt.NDArray[np.float32]]:
    return [np.ascontiguousarray(field[..., channel]).ravel() for channel in range(field.shape[-1])]


def _means(
    plane: npt.NDArray[np.float32], labels: Labels, weights: npt.NDArray[np.float64], count: int
) -> npt.NDArray[np.float64]:
    total = np.bincount(labels, weights * plane, count)
    return np.asarray(total / np.maximum(np.bincount(labels, weights, count), 1))


def _medians(
    plane: npt.NDArray[np.float32], labels: Labels, weights: npt.NDArray[np.float64], count: int
) -> npt.NDArray[np.float64]:
    """Return the middle of the histogram of every region."""
    low, high = float(plane.min()), float(plane.max())
    step = max((high - low) / (LEVELS - 1), 1e-12)
    level = ((plane - low) / step + 0.5).astype(np.int64)
    histogram = np.bincount(labels.astype(np.int64) * LEVELS + level, weights, count * LEVELS)
    sums = np.cumsum(histogram.reshape(count, LEVELS), 1)
    middle = np.argmax(sums >= sums[:, -1:] / 2, 1)
    return np.asarray(low + step * middle)
