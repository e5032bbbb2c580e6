"""CIE Lab to sRGB, by the luma that a picture has to keep."""

import torch
from torch import Tensor

from colorzoo.core import color

WHITE = (0.95047, 1.0, 1.08883)
"""D65, 2 degree observer, as that of `color.lab`."""
TO_LINEAR = (
    (3.240481, -1.537152, -0.498536),
    (-0.969255, 1.875990, 0.041556),
    (0.055647, -0.204041, 1.057311),
)
"""Inverse of the matrix of `color.lab`."""
HALVINGS = 9
"""How often the range of L is halved; what is left, 0.2, is nearly linear."""


def lightness(gray: Tensor) -> Tensor:
    """Return L (N, 1, H, W) in [0, 100] of grey sRGB (N, 1, H, W) in [0, 1]."""
    return color.lab(gray.expand(-1, 3, -1, -1))[:, :1]


def rgb_of_lab(light: Tensor, ab: Tensor) -> Tensor:
    """Return sRGB (N, 3, H, W) in [0, 1] of L (N, 1, H, W) and ab (N, 2, H, W), clipped as usual."""
    y = (light[:, 0] + 16) / 116
    f = torch.stack([y + ab[:, 0] / 500, y, y - ab[:, 1] / 200], 1)
    xyz = torch.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    to_linear = ab.new_tensor(TO_LINEAR) * ab.new_tensor(WHITE)
    linear = torch.einsum("ij,njhw->nihw", to_linear, xyz).clamp(0, 1)
    bright = 1.055 * linear.clamp_min(0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(linear > 0.0031308, bright, 12.92 * linear)


def rgb_of_ab(gray: Tensor, ab: Tensor) -> Tensor:
    """Return sRGB (N, 3, H, W) with ab (N, 2, H, W) and BT.601 luma gray (N, 1, H, W) in [0, 1].

    The L that gives this luma is looked for: luma grows with L. That of the grey would be another one, and
    to put the luma back then would cost a part of the colour. What lies outside the gamut is clipped.
    """
    low, width = torch.zeros_like(gray), 100.0
    for _ in range(HALVINGS):
        width /= 2
        low = low + width * (color.luma(rgb_of_lab(low + width, ab)) < gray)
    least, most = (color.luma(rgb_of_lab(light, ab)) for light in (low, low + width))
    share = ((gray - least) / (most - least).clamp_min(1e-6)).clamp(0, 1)
    return color.keep_luma(gray, rgb_of_lab(low + width * share, ab))
