"""Hints: colours at points, spread along the luma of the picture over any colorizer's answer.

What is measured of it is in docs/results/hints.md (`python -m bench.guidance`).
"""

from __future__ import annotations

import torch
from torch import Tensor

from colorzoo.core.guidance.smoother import smooth
from colorzoo.core.imaging import color
from colorzoo.core.interfaces.guidance import Guidance

SIGMA = 0.04
"""Step of the luma that divides by e what passes from a pixel to its neighbour."""
SIDE = 481
"""Longest side of the pictures that smoothness is meant for, in pixels; it goes with the square of it."""
PRIOR, FAR = 3 * 0.05**2, 1e-4
"""Squared chroma by which a prediction is believed before hints speak, at the coverage where they fade."""
SMOOTHNESS, LEAST, MOST = 1e6, 8e3, 3e4
"""Smoothness of one hint, divided among several, and its bounds: many hints need not reach as far."""
NEARER = 0.1
"""Share of the smoothness over which what a colorizer has missed of its hints is corrected."""
HINT, WANTED, PREDICTED = slice(0, 1), slice(1, 3), slice(3, 5)
"""Planes of `spread`: coverage by hints, their chroma, and the prediction's where they are."""


def hinted(chroma: Tensor, gray: Tensor, guidance: Guidance, *, followed: bool = False) -> Tensor:
    """Return chroma (K, 2, H, W) drawn towards the hints, whose pixels are those of gray (1, 1, H, W).

    followed: whether the colorizer was given them. Then what it has missed is added near them:
    p + m (hh - pp).

    With S the smoother, c the mask of hints, h their chroma and p the prediction: s = S(c),
    hh = S(c h) / s, pp = S(c p) / s, m = s / (s + k), out = p + m (hh - p / 2 - pp / 2). That is half
    correction and half replacement: correcting alone keeps the blotches of a prediction and ends below
    grey with the same hints, replacing alone wipes its detail. And p is believed as far as the hints that
    reach a pixel confirm it: multiplied by S(c p h) / S(c p p), at most 1, with a prior of agreement.
    """
    if not guidance.hints:
        return chroma
    size = (gray.shape[-2], gray.shape[-1])
    reach = smoothness(len(guidance.hints), size, guidance.reach)
    planes = hint_planes(guidance, size)
    if followed:
        return corrected(chroma, spread(chroma, gray, planes, NEARER * reach))
    return drawn(chroma, spread(chroma, gray, planes, reach))


def hint_planes(guidance: Guidance, size: tuple[int, int]) -> Tensor:
    """Return the mask of hints in pixels of that size, and their chroma where it is 1: (3, H, W)."""
    hint_map = guidance.hint_map(size)
    return torch.cat([hint_map[3:], color.chroma(hint_map[:3]) * hint_map[3]])


def smoothness(count: int, size: tuple[int, int], reach: float = 0.5) -> float:
    """Return lambda for so many hints of a reach: a hundredth at 0, the hundredfold at 1."""
    shared = min(max(SMOOTHNESS / count, LEAST), MOST)
    return float(shared * (max(size) / SIDE) ** 2 * 10 ** (4 * reach - 2))


def spread(chroma: Tensor, gray: Tensor, planes: Tensor, reach: float) -> Tensor:
    """Return S of c, c h, c p, c p h and c p p as planes (K, 7, H, W); see `hinted`.

    chroma: p (K, 2, H, W). gray: (1, 1, H, W). planes: c and c h (3, H, W). reach: lambda.
    """
    mask, wanted = planes[HINT].cpu(), planes[WANTED].cpu()
    predicted = chroma.cpu() * mask
    agreement = torch.stack([(predicted * wanted).sum(1), (predicted * predicted).sum(1)], 1)
    values = torch.cat([mask, wanted, torch.cat([predicted, agreement], 1).flatten(0, 1)]).float()
    guide = gray[0, 0].float().cpu().numpy()
    smoothed = torch.from_numpy(smooth(values.numpy(), guide, smoothness=reach, sigma=SIGMA)).to(chroma)
    own = smoothed[3:].reshape(len(chroma), 4, *smoothed.shape[1:])
    return torch.cat([smoothed[:3].expand(len(chroma), -1, -1, -1), own], 1)


def drawn(chroma: Tensor, spread_planes: Tensor) -> Tensor:
    """Evaluate the formula of `hinted` on what was spread, (K, 7, H, W)."""
    prior = PRIOR * FAR
    covered, wanted, predicted = (spread_planes[:, planes] for planes in (HINT, WANTED, PREDICTED))
    belief = ((spread_planes[:, 5:6] + prior) / (spread_planes[:, 6:] + prior)).clamp(0, 1)
    share = 1 / (covered + FAR)  # m / s, which is finite where nothing reaches
    kept = belief * (1 - share * covered / 2)
    return chroma * kept + share * (wanted - belief * predicted / 2)


def corrected(chroma: Tensor, spread_planes: Tensor) -> Tensor:
    """Return chroma (K, 2, H, W) with the error at hints taken away, as far as they reach."""
    covered, wanted, predicted = (spread_planes[:, planes] for planes in (HINT, WANTED, PREDICTED))
    return chroma + (wanted - predicted) / (covered + FAR)
