"""Structural similarity (Wang et al. 2004): to the truth, and among the samples."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from colorzoo.core.interfaces.metric import PerImageMetric

WINDOW, SIGMA = 11, 1.5
"""Side and standard deviation of the Gaussian window, in pixels."""
C1, C2 = 0.01**2, 0.03**2
"""What keeps the quotients finite, for a range of 1."""
Field = npt.NDArray[np.float32]


class SSIM(PerImageMetric):
    """Structural similarity of RGB (Wang et al. 2004), Gaussian window of sigma 1.5, mean of channels."""

    higher_is_better = True
    best_of = 1
    unit = "of 1"

    def measure(self, predicted: Tensor, target: Tensor) -> Tensor:
        pairs = zip(predicted[:, 0], target, strict=True)
        return torch.tensor([_similarity(_moments(one), _moments(other)) for one, other in pairs])


class SampleSimilarity(PerImageMetric):
    """Mean SSIM over all pairs of samples (Messaoud et al. 2018): 1 where all samples are the same."""

    higher_is_better = False
    unit = "of 1"

    def measure(self, predicted: Tensor, target: Tensor) -> Tensor:
        return torch.tensor([_among(samples) for samples in predicted])


class Moments(NamedTuple):
    """A picture (H, W, 3) with mean, its square, and variance in the window around every pixel."""

    pixels: Field
    mean: Field
    squared: Field
    variance: Field


def _among(samples: Tensor) -> float:
    moments = [_moments(sample) for sample in samples]
    values = [_similarity(one, other) for one, other in combinations(moments, 2)]
    return sum(values) / len(values) if values else 1.0


def _moments(rgb: Tensor) -> Moments:
    """Return the moments of (3, H, W); where the window does not fit, pixels are repeated."""
    pixels = np.ascontiguousarray(rgb.permute(1, 2, 0).cpu().numpy(), np.float32)
    grow = -(-(WINDOW + 1) // min(pixels.shape[:2]))
    if grow > 1:
        pixels = pixels.repeat(grow, 0).repeat(grow, 1)
    mean = _blurred(pixels)
    squared = mean * mean
    return Moments(pixels, mean, squared, np.maximum(_blurred(pixels * pixels) - squared, 0))


def _similarity(one: Moments, other: Moments) -> float:
    product = one.mean * other.mean
    covariance = _blurred(one.pixels * other.pixels)
    covariance -= product  # in place: these passes take most of the time of a comparison
    covariance *= 2
    covariance += C2
    product *= 2
    product += C1
    product *= covariance
    below = one.squared + other.squared
    below += C1
    np.add(one.variance, other.variance, out=covariance)
    covariance += C2
    below *= covariance
    product /= below
    return float(product.mean(dtype=np.float64))


def _blurred(pixels: Field) -> Field:
    return np.asarray(cv2.GaussianBlur(pixels, (WINDOW, WINDOW), SIGMA), np.float32)
