"""Colours a picture with any colorizer, keeping its size, alpha and luma."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn

from colorzoo.core import color
from colorzoo.core.colorizer import Colorizer
from colorzoo.core.config import validate
from colorzoo.core.images import Picture, Pixels


def colorize(
    colorizer: Colorizer, picture: Picture, options: Mapping[str, object] | None = None
) -> list[Picture]:
    """Return one picture per sample, of the same size and alpha, with the luma of the input."""
    device = _device(colorizer)
    with torch.inference_mode():
        small = _fitted(_tensor(picture.gray).to(device), colorizer.native_side)
        chosen = validate(colorizer.Options, options or {}, "options")
        (colored,) = colorizer(small, **(options or {}))
        gray = _tensor(picture.gray).to(device)  # anew: a plugin may have written to what it was given
        keep = colorizer.luma_kept(chosen)
        return [
            Picture(_pixels(_restored(gray, sample[None], keep=keep)), picture.alpha, picture.profile)
            for sample in colored
        ]


def _restored(gray: Tensor, rgb: Tensor, *, keep: bool) -> Tensor:
    """Bring a colouring (1, 3, h, w) to the size of gray (1, 1, H, W), and its luma back if kept."""
    same = rgb.shape[-2:] == gray.shape[-2:]
    if not keep:
        return rgb if same else color.resize_area(rgb, (gray.shape[-2], gray.shape[-1]))
    if same:
        return color.keep_luma(gray, rgb)
    return color.recombine(gray, color.guided_upsample(color.chroma(rgb), gray))


def _fitted(gray: Tensor, side: int | None) -> Tensor:
    height, width = gray.shape[-2:]
    scale = side / max(height, width) if side else 1.0
    if scale >= 1:
        return gray
    return color.resize_area(gray, (max(1, round(height * scale)), max(1, round(width * scale))))


def _device(colorizer: Colorizer) -> torch.device:
    if isinstance(colorizer, nn.Module):
        for parameter in colorizer.parameters():
            return parameter.device
    return torch.device("cpu")


def _tensor(gray: Pixels) -> Tensor:
    return torch.from_numpy(gray).float().div_(255)[None, None]


def _pixels(rgb: Tensor) -> Pixels:
    scaled = rgb[0].clamp(0, 1).mul(255).round_().to(torch.uint8)
    return np.ascontiguousarray(scaled.permute(1, 2, 0).cpu().numpy())
