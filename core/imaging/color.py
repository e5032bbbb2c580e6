"""Colour spaces and the recombination of predicted colour with the picture's own luma.

All pictures are float32 tensors (..., 3, H, W), sRGB in [0, 1], gamma encoded. Luma is BT.601's, the
grey of OpenCV's RGB2GRAY. Chroma is BT.601's full-range (Cb, Cr), as in JPEG, each in [-0.5, 0.5].
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

LUMA = (0.299, 0.587, 0.114)
CHUNK = 2**18
"""Pixels that are computed at once."""
CB_SCALE, CR_SCALE = 1.772, 1.402  # 2 (1 - weight of blue), 2 (1 - weight of red)


def luma(rgb: Tensor) -> Tensor:
    """Return BT.601 luma (..., 1, H, W) in [0, 1] of sRGB (..., 3, H, W)."""
    red, green, blue = rgb.unbind(-3)
    return (LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue).unsqueeze(-3)


def chroma(rgb: Tensor) -> Tensor:
    """Return (Cb, Cr) (..., 2, H, W), each in [-0.5, 0.5], of sRGB (..., 3, H, W)."""
    y = luma(rgb).squeeze(-3)
    cb = (rgb.select(-3, 2) - y) / CB_SCALE
    cr = (rgb.select(-3, 0) - y) / CR_SCALE
    return torch.stack([cb, cr], -3)


def chroma_to_rgb_offset(chroma: Tensor) -> Tensor:
    """Return what (Cb, Cr) adds to grey in RGB (..., 3, H, W); its luma is zero.

    Linear: the distance of two offsets is the RGB distance of two colourings of the same grey.
    """
    cb, cr = chroma.unbind(-3)
    red, blue = CR_SCALE * cr, CB_SCALE * cb
    green = -(LUMA[0] * red + LUMA[2] * blue) / LUMA[1]
    return torch.stack([red, green, blue], -3)


def recombine(gray: Tensor, chroma: Tensor) -> Tensor:
    """Return sRGB (..., 3, H, W) in [0, 1] of chroma (..., 2, H, W) and luma exactly gray (..., 1, H, W).

    Colours outside the gamut are desaturated towards the grey just as far as needed, never clipped:
    clipping a channel would change the luma.
    """
    return _by_rows(lambda y, c: _within_gamut(y, chroma_to_rgb_offset(c)), gray, chroma)


def keep_luma(gray: Tensor, rgb: Tensor) -> Tensor:
    """Return sRGB (..., 3, H, W) in [0, 1] with the chroma of rgb and the luma gray (..., 1, H, W)."""
    return _by_rows(lambda y, x: _within_gamut(y, x - luma(x)), gray, rgb)


def _by_rows(function: Callable[[Tensor, Tensor], Tensor], gray: Tensor, other: Tensor) -> Tensor:
    """Apply a function of pixels to a few rows at a time, which stay in the processor's cache."""
    height = gray.shape[-2]
    rows = max(1, CHUNK * height // max(1, gray.numel(), other.numel() // other.shape[-3]))
    if rows >= height or torch.is_grad_enabled():
        return function(gray, other)
    parts = zip(torch.split(gray, rows, -2), torch.split(other, rows, -2), strict=True)
    first = function(*next(parts))
    out = first.new_empty(*first.shape[:-2], height, gray.shape[-1])
    out[..., :rows, :] = first
    for index, (y, x) in enumerate(parts, start=1):
        out[..., index * rows : (index + 1) * rows, :] = function(y, x)
    return out


def _within_gamut(gray: Tensor, offset: Tensor) -> Tensor:
    """Add an offset of zero luma, scaled per pixel so that every channel stays in [0, 1]."""
    highest, lowest = offset.amax(-3, keepdim=True), offset.amin(-3, keepdim=True)
    tiny = torch.finfo(offset.dtype).tiny
    scale = torch.minimum((1 - gray) / highest.clamp_min(tiny), gray / (-lowest).clamp_min(tiny))
    return (gray + offset * scale.clamp(0, 1)).clamp(0, 1)


def resize_area(image: Tensor, size: tuple[int, int]) -> Tensor:
    """Return (N, C, H, W) at size (height, width): averaged where it shrinks, bilinear where it grows."""
    wide = image.float() if image.dtype == torch.bfloat16 else image  # not every device averages it
    resized = F.interpolate(wide, size=size, mode="bilinear", antialias=True, align_corners=False)
    return resized.to(image.dtype)


def guided_upsample(chroma: Tensor, gray: Tensor, *, radius: int = 1, smoothing: float = 4e-3) -> Tensor:
    """Return chroma (N, C, h, w) at the size of gray (N, 1, H, W), upsampled along the edges of the luma.

    Bilinear, plus what the luma shows beyond low resolution times the slope of chroma over luma, which
    is fitted in windows of 2 radius + 1 pixels as in the fast guided filter (He and Sun 2015,
    arXiv:1505.00996). The filter as published also averages the chroma, which costs accuracy.
    """
    guide = resize_area(gray, (chroma.shape[-2], chroma.shape[-1]))
    slope = guided_slope(chroma, guide, radius=radius, smoothing=smoothing)

    def up(x: Tensor) -> Tensor:
        size = (gray.shape[-2], gray.shape[-1])
        return F.interpolate(x, size=size, mode="bilinear", align_corners=False)

    return up(chroma) + up(slope) * (gray - up(guide))


def guided_slope(chroma: Tensor, guide: Tensor, *, radius: int = 1, smoothing: float = 4e-3) -> Tensor:
    """Return the slope (N, C, h, w) of chroma (N, C, h, w) over the grey guide (N, 1, h, w), by windows."""

    def mean(x: Tensor) -> Tensor:
        return F.avg_pool2d(x, 2 * radius + 1, 1, radius, count_include_pad=False)

    mean_guide, mean_chroma = mean(guide), mean(chroma)
    covariance = mean(guide * chroma) - mean_guide * mean_chroma
    variance = mean(guide * guide) - mean_guide * mean_guide
    return mean(covariance / (variance + smoothing))


def lab(rgb: Tensor) -> Tensor:
    """Return CIE Lab (..., 3, H, W), D65, 2 degree observer, L in [0, 100], of sRGB (IEC 61966-2-1)."""
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb.clamp_min(0) + 0.055) / 1.055) ** 2.4)
    matrix = rgb.new_tensor(
        [
            [0.412453, 0.357580, 0.180423],
            [0.212671, 0.715160, 0.072169],
            [0.019334, 0.119193, 0.950227],
        ]
    )
    white = rgb.new_tensor([0.95047, 1.0, 1.08883]).view(3, 1, 1)
    xyz = torch.einsum("ij,...jhw->...ihw", matrix, linear) / white
    f = torch.where(xyz > (6 / 29) ** 3, xyz.clamp_min(1e-9) ** (1 / 3), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = f.unbind(-3)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -3)
