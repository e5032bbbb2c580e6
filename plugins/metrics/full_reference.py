"""How one colouring differs from the true picture: the field's measures. They look at the first sample."""

from __future__ import annotations

import torch
from torch import Tensor

from colorzoo.core.imaging import color
from colorzoo.core.interfaces.metric import PerImageMetric
from colorzoo.core.interfaces.pair import Pair, PairMeanMetric

MAX_PSNR = 100.0
"""What identical pictures count as, in dB; their own value is infinite and would swallow every mean."""


class PSNR(PerImageMetric):
    """Peak signal-to-noise ratio over all pixels and channels of 8-bit RGB; a mean of pictures' dB."""

    higher_is_better = True
    best_of = 1
    unit = "dB"

    def measure(self, predicted: Tensor, target: Tensor) -> Tensor:
        squared = (eight_bits(predicted[:, 0]) - eight_bits(target)).square().mean((-3, -2, -1))
        return (10 * torch.log10(255**2 / squared)).clamp_max(MAX_PSNR)


class CIEDE2000(PairMeanMetric):
    """Mean colour difference as seen, kL = kC = kH = 1 (Sharma, Wu, Dalal 2005); 1 is just noticeable."""

    higher_is_better = False
    best_of = 1
    unit = "Delta E 00"

    def measure_pair(self, pair: Pair) -> Tensor:
        return ciede2000(pair.predicted_lab[:, 0], pair.target_lab).mean((-2, -1))


class ChromaError(PairMeanMetric):
    """Root mean square distance of CIE ab, so lightness does not count."""

    higher_is_better = False
    best_of = 1
    unit = "units of ab"

    def measure_pair(self, pair: Pair) -> Tensor:
        return pair.once(chroma_distance).square().mean((-2, -1)).sqrt()


class LumaError(PerImageMetric):
    """Mean absolute difference of BT.601 luma, 0-255: 0 where the drawing is kept."""

    higher_is_better = False
    best_of = 1
    unit = "grey levels"

    def measure(self, predicted: Tensor, target: Tensor) -> Tensor:
        return 255 * (color.luma(predicted[:, 0]) - color.luma(target)).abs().mean((-3, -2, -1))


def eight_bits(rgb: Tensor) -> Tensor:
    """Return [0, 1] rounded to integer grey levels, 0 to 255, in double precision."""
    return (255 * rgb.double()).round().clamp(0, 255)


def chroma_distance(pair: Pair) -> Tensor:
    """Return the distance of CIE ab (N, H, W) of the first samples to the target."""
    difference = pair.predicted_lab[:, 0] - pair.target_lab
    return difference[:, 1:].square().sum(1).sqrt()


def ciede2000(one: Tensor, other: Tensor) -> Tensor:
    """Return CIEDE2000 (..., H, W) of two CIE Lab (..., 3, H, W); equations of Sharma et al. 2005."""
    lightness = [lab.select(-3, 0) for lab in (one, other)]
    chroma, hue = _primed(one, other)
    d_light, d_chroma = lightness[1] - lightness[0], chroma[1] - chroma[0]
    both = chroma[0] * chroma[1]
    turn = hue[1] - hue[0]
    turn = torch.where(turn > 180, turn - 360, torch.where(turn < -180, turn + 360, turn))
    d_hue = 2 * both.sqrt() * torch.sin(torch.deg2rad(torch.where(both == 0, 0.0, turn)) / 2)  # (10), (11)
    light, mean_chroma = (lightness[0] + lightness[1]) / 2, (chroma[0] + chroma[1]) / 2
    mean_hue = _mean_hue(hue, both)

    def cos(factor: float, offset: float) -> Tensor:
        return torch.cos(torch.deg2rad(factor * mean_hue + offset))

    t = 1 - 0.17 * cos(1, -30) + 0.24 * cos(2, 0) + 0.32 * cos(3, 6) - 0.20 * cos(4, -63)  # (15)
    rotation = 30 * torch.exp(-(((mean_hue - 275) / 25) ** 2))  # (16)
    r_chroma = 2 * (mean_chroma**7 / (mean_chroma**7 + 25.0**7)).sqrt()  # (17)
    s_light = 1 + 0.015 * (light - 50) ** 2 / (20 + (light - 50) ** 2).sqrt()  # (18)
    s_chroma, s_hue = 1 + 0.045 * mean_chroma, 1 + 0.015 * mean_chroma * t  # (19), (20)
    r = -torch.sin(torch.deg2rad(2 * rotation)) * r_chroma  # (21)
    terms = d_light / s_light, d_chroma / s_chroma, d_hue / s_hue
    squared = torch.stack(terms).square().sum(0) + r * terms[1] * terms[2]  # (22)
    return squared.clamp_min(0).sqrt()


def _primed(one: Tensor, other: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """Return C' and h' in degrees of both (equations 2 to 7)."""
    plain = [torch.hypot(lab.select(-3, 1), lab.select(-3, 2)) for lab in (one, other)]
    mean = ((plain[0] + plain[1]) / 2) ** 7
    g = 0.5 * (1 - (mean / (mean + 25.0**7)).sqrt())
    chroma, hue = [], []
    for lab in (one, other):
        a, b = (1 + g) * lab.select(-3, 1), lab.select(-3, 2)
        chroma.append(torch.hypot(a, b))
        hue.append(torch.rad2deg(torch.atan2(b, a)) % 360)
    return chroma, hue


def _mean_hue(hue: list[Tensor], both: Tensor) -> Tensor:
    """Return the mean hue in degrees, across 0 where that is nearer (equation 14)."""
    total, far = hue[0] + hue[1], (hue[0] - hue[1]).abs() > 180
    around = torch.where(total < 360, total + 360, total - 360)
    return torch.where(both == 0, total, torch.where(far, around, total) / 2)
