"""The fast global smoother: spreads values over a picture, up to its edges.

Min, Choi, Lu, Ham, Sohn, Do, Fast Global Image Smoothing Based on Weighted Least Squares, IEEE TIP 23(12),
2014: the two-dimensional problem is solved by alternating one-dimensional ones along rows and columns, each
a tridiagonal system that is solved exactly in linear time (section III, equations 7 to 11 and 14).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
ROUNDS = 3


def smooth(planes: Floats, guide: Floats, *, smoothness: float, sigma: float) -> Floats:
    """Return planes (C, H, W) smoothed along the guide (H, W), of values from 0 to 1.

    smoothness: lambda, squared pixels over which values spread where the guide is flat. sigma: step of the
    guide that divides the weight between neighbours by e.
    """
    down = np.exp(np.abs(np.diff(guide, axis=0)) / -sigma)
    right = np.exp(np.abs(np.diff(guide, axis=1)) / -sigma)
    wide = np.ascontiguousarray(planes.transpose(2, 0, 1))  # (W, C, H): a step of a scan is contiguous
    for number in range(1, ROUNDS + 1):
        share = 1.5 * 4 ** (ROUNDS - number) / (4**ROUNDS - 1) * smoothness
        solve(wide, share * right.T)
        tall = np.ascontiguousarray(wide.transpose(2, 1, 0))
        solve(tall, share * down)
        wide = np.ascontiguousarray(tall.transpose(2, 1, 0))
    return wide.transpose(1, 2, 0)


def solve(values: Floats, weights: Floats) -> None:
    """Solve (I + D'WD) u = values along the first axis, in place, exactly (Thomas 1949).

    values: (L, C, M), M lines of C planes. weights: (L - 1, M), W between neighbours of a line.
    """
    if not len(weights):
        return
    upper, scale = _eliminated(weights)
    values *= scale[:, None]
    product = np.empty_like(values[0])
    lower = weights * scale[1:]
    for before, row, factor in zip(values[:-1], values[1:], lower, strict=True):
        row += np.multiply(before, factor, out=product)
    for row, after, factor in zip(values[-2::-1], values[:0:-1], upper[::-1], strict=True):
        row += np.multiply(after, factor, out=product)


def _eliminated(weights: Floats) -> tuple[Floats, Floats]:
    """Return what a line's next value counts after elimination (L - 1, M), and 1 / pivots (L, M)."""
    length, lines = len(weights) + 1, weights.shape[1]
    scale, upper = np.empty((length, lines), np.float32), np.empty_like(weights)
    diagonal = np.ones((length, lines), np.float32)
    diagonal[:-1] += weights
    diagonal[1:] += weights
    np.divide(1, diagonal[0], out=scale[0])
    pivot = np.empty(lines, np.float32)
    for index, weight in enumerate(weights):
        np.multiply(weight, scale[index], out=upper[index])
        np.multiply(weight, upper[index], out=pivot)
        np.subtract(diagonal[index + 1], pivot, out=pivot)
        np.divide(1, pivot, out=scale[index + 1])
    return upper, scale
