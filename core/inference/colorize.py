"""Colours a picture with any colorizer, keeping its size, alpha and luma."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor

from colorzoo.core.config import RunOptions, validate
from colorzoo.core.devices import device_of
from colorzoo.core.imaging import color
from colorzoo.core.imaging.image_io import Picture, Pixels
from colorzoo.core.inference.tiling import bilinear_rows, stripes
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.outputs import checked_samples
from colorzoo.core.isolation import isolated

Options = RunOptions | Mapping[str, object] | None


def colorize(colorizer: Colorizer, picture: Picture, options: Options = None) -> list[Picture]:
    """Return one picture per sample, of the same size and alpha, with the luma of the input.

    options: by name, or validated already into the colorizer's `Options`.

    Raises:
        ConfigError: an option is unknown or out of its range.
        PluginError: the colorizer raised, or what it returned breaks the contract.
    """
    return list(colorings(colorizer, picture, options))


def colorings(colorizer: Colorizer, picture: Picture, options: Options = None) -> Iterator[Picture]:
    """Yield what `colorize` returns, one by one: memory holds a single sample at full size.

    Raises:
        ConfigError, PluginError: as in `colorize`, before the first sample.
    """
    gray = picture.gray
    colored, guide, keep = _samples(colorizer, gray, validate(colorizer.Options, options or {}, "options"))
    for sample in colored:
        with torch.inference_mode():
            rgb = _at_full_size(gray, sample[None], guide, keep=keep)
        yield Picture(rgb, picture.alpha, picture.profile)
        del rgb


def _samples(colorizer: Colorizer, gray: Pixels, options: RunOptions) -> tuple[Tensor, Tensor | None, bool]:
    """Return the samples (K, 3, h, w), their grey if it was made smaller, and whether the luma is kept."""
    with torch.inference_mode():
        given = _fitted(_tensor(gray).to(device_of(colorizer)), colorizer.max_input_side)
        smaller = given.shape[-2:] != gray.shape
        guide = given.clone() if smaller else None  # a colorizer may change its input
        with isolated(type(colorizer).__name__):
            (colored,) = checked_samples(colorizer, given, options)
            keep = colorizer.keeps_luma_for(options)
        return colored, guide, keep


def _at_full_size(gray: Pixels, rgb: Tensor, guide: Tensor | None, *, keep: bool) -> Pixels:
    """Return a colouring (1, 3, h, w) at the size of gray (H, W), by stripes; with its luma if `keep`."""
    out = np.empty((*gray.shape, 3), np.uint8)
    rows = _rows_with_luma(gray, rgb, guide) if keep else _rows_resized(gray.shape, rgb)
    for top, bottom in stripes(*gray.shape):
        out[top:bottom] = _pixels(rows(top, bottom))
    return out


def _rows_resized(size: tuple[int, int], rgb: Tensor) -> Callable[[int, int], Tensor]:
    """Return a function from first and last row to the colouring at that size, with a luma of its own."""
    if rgb.shape[-2:] == size:
        return lambda top, bottom: rgb[..., top:bottom, :]
    return lambda top, bottom: bilinear_rows(rgb, size, top, bottom)


def _rows_with_luma(gray: Pixels, rgb: Tensor, guide: Tensor | None) -> Callable[[int, int], Tensor]:
    """Return a function from first and last row to the colouring with the luma of gray."""

    def luma(top: int, bottom: int) -> Tensor:
        return _tensor(gray[top:bottom]).to(rgb.device)

    if guide is None:
        return lambda top, bottom: color.keep_luma(luma(top, bottom), rgb[..., top:bottom, :])
    low = _chroma_and_slope(rgb, guide)

    def rows(top: int, bottom: int) -> Tensor:
        y = luma(top, bottom)
        chroma, slope, base = torch.split(bilinear_rows(low, gray.shape, top, bottom), [2, 2, 1], 1)
        return color.recombine(y, chroma + slope * (y - base))

    return rows


def _chroma_and_slope(rgb: Tensor, guide: Tensor) -> Tensor:
    """Return (1, 5, h, w): chroma of rgb (1, 3, h, w), its slope over the luma, and guide (1, 1, h, w)."""
    chroma = color.chroma(rgb)
    return torch.cat([chroma, color.guided_slope(chroma, guide), guide], 1)


def _fitted(gray: Tensor, side: int | None) -> Tensor:
    height, width = gray.shape[-2:]
    scale = side / max(height, width) if side else 1.0
    if scale >= 1:
        return gray
    return color.resize_area(gray, (max(1, round(height * scale)), max(1, round(width * scale))))


def _tensor(gray: Pixels) -> Tensor:
    return torch.from_numpy(gray).float().div_(255)[None, None]


def _pixels(rgb: Tensor) -> Pixels:
    scaled = rgb[0].clamp(0, 1).mul(255).round_().to(torch.uint8)
    return np.ascontiguousarray(scaled.permute(1, 2, 0).cpu().numpy())
