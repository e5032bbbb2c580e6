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


def hinted(chroma: Tensor, gray: Tensor, guidance: Guidance) -> Tensor:
    """Return chroma (K, 2, H, W) drawn towards the hints, whose pixels are those of gray (1, 1, H, W).

    With S the smoother, c the mask of hints, h their chroma and p the prediction: s = S(c),
    hh = S(c h) / s, pp = S(c p) / s, m = s / (s + k), out = p + m (hh - p / 2 - pp / 2). That is half
    correction and half replacement: correcting alone keeps the blotches of a prediction and ends below
    grey with the same hints, replacing alone wipes its detail. And p is believed as far as the hints that
    reach a pixel confirm it: multiplied by S(c p h) / S(c p p), at most 1, with a prior of agreement.
    """
    if not guidance.hints:
        return chroma
    size = (gray.shape[-2], gray.shape[-1])
    hint_map = guidance.hint_map(size)
    wanted, mask = color.chroma(hint_map[:3]) * hint_map[3], hint_map[3:]
    predicted = chroma.cpu() * mask
    agreement = torch.stack([(predicted * wanted).sum(1), (predicted * predicted).sum(1)], 1)
    planes = torch.cat([mask, wanted, torch.cat([predicted, agreement], 1).flatten(0, 1)]).numpy()
    guide = gray[0, 0].float().cpu().numpy()
    spread = torch.from_numpy(smooth(planes, guide, smoothness=_smoothness(guidance, size), sigma=SIGMA))
    spread = spread.to(chroma)
    return _drawn(chroma, spread[:1], spread[1:3], spread[3:].reshape(-1, 4, *size))


def _smoothness(guidance: Guidance, size: tuple[int, int]) -> float:
    """Return lambda for so many hints of a reach: a hundredth at 0, the hundredfold at 1."""
    shared = min(max(SMOOTHNESS / len(guidance.hints), LEAST), MOST)
    return float(shared * (max(size) / SIDE) ** 2 * 10 ** (4 * guidance.reach - 2))


def _drawn(chroma: Tensor, covered: Tensor, wanted: Tensor, predicted: Tensor) -> Tensor:
    """Evaluate the formula of `hinted` on what was spread: s, s hh, and (K, 4, H, W) of the prediction."""
    prior = PRIOR * FAR
    belief = ((predicted[:, 2:3] + prior) / (predicted[:, 3:] + prior)).clamp(0, 1)
    share = 1 / (covered + FAR)  # m / s, which is finite where nothing reaches
    kept = belief * (1 - share * covered / 2)
    return chroma * kept + share * (wanted - belief * predicted[:, :2] / 2)
