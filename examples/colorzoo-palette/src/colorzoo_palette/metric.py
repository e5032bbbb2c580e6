"""How far the colours of a colouring are from those of the original, wherever they are."""

import torch
from torch import Tensor

from colorzoo.core import PerImageMetric, color

DIRECTIONS = 8


class PaletteDistance(PerImageMetric):
    """Sliced Wasserstein distance of the ab values, of the best sample (Rabin et al. 2011).

    A colouring with the right colours in the wrong places has 0; the grey copy has the mean strength of
    the original's colours along eight directions. Units of CIE ab.
    """

    higher_is_better = False
    unit = "of ab"

    def measure(self, predicted: Tensor, target: Tensor) -> Tensor:
        """Return one value a picture (N,); predicted (N, K, 3, H, W), target (N, 3, H, W)."""
        wrong = (sorted_projections(predicted) - sorted_projections(target)[:, None]).abs()
        return wrong.mean((-1, -2)).amin(1)


def sorted_projections(rgb: Tensor) -> Tensor:
    """Return ab along each direction, sorted over the pixels: (..., 8, H W) of sRGB (..., 3, H, W)."""
    ab = color.lab(rgb)[..., 1:, :, :].flatten(-2)
    angle = torch.arange(DIRECTIONS, device=rgb.device) * torch.pi / DIRECTIONS
    direction = torch.stack([angle.cos(), angle.sin()], -1)
    return (direction @ ab).sort(-1).values
