"""From CIE Lab back to sRGB."""

import torch
from torch import Tensor

TO_RGB = (
    (3.240479, -1.537150, -0.498535),
    (-0.969256, 1.875991, 0.041556),
    (0.055648, -0.204043, 1.057311),
)
"""From XYZ to linear sRGB, ITU-R BT.709, D65."""
WHITE = (0.950456, 1.0, 1.088754)


def rgb_of_lab(lab: Tensor) -> Tensor:
    """Return sRGB (..., 3, H, W) in [0, 1], channels clipped, of CIE Lab (..., 3, H, W), D65.

    The formulas and constants of OpenCV's COLOR_Lab2RGB.
    """
    y = (lab.select(-3, 0) + 16) / 116
    f = torch.stack([y + lab.select(-3, 1) / 500, y, y - lab.select(-3, 2) / 200], -3)
    xyz = torch.where(f > 6 / 29, f**3, (f - 4 / 29) * 3 * (6 / 29) ** 2)
    matrix = lab.new_tensor(TO_RGB) * lab.new_tensor(WHITE)
    linear = torch.einsum("ij,...jhw->...ihw", matrix, xyz).clamp(0, 1)
    curved = 1.055 * linear.clamp_min(0.0031308) ** (1 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, 12.92 * linear, curved)
