"""Checks what a colorizer returns before it is used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from colorzoo.core.errors import PluginError

if TYPE_CHECKING:
    from colorzoo.core.config import RunOptions
    from colorzoo.core.interfaces.colorizer import Colorizer
    from colorzoo.core.interfaces.guidance import Guidance

TOLERANCE = 1e-3
"""By how much values may lie outside [0, 1], since rounding clamps them."""


def checked_samples(
    colorizer: Colorizer, gray: Tensor, options: RunOptions, guidance: Sequence[Guidance] = ()
) -> Tensor:
    """Return colourings (N, options.samples, 3, H, W) of gray (N, 1, H, W) in [0, 1], once checked.

    guidance: none, or one a picture. One sample of a deterministic colorizer stands for all.

    Raises:
        PluginError: as in `check_output`.
    """
    if guidance:
        returned = colorizer.colorize_guided(gray, options, guidance)
    else:
        returned = colorizer.colorize(gray, options)
    several = (len(gray), options.samples, 3, *gray.shape[-2:])
    single = (several[0], 1, *several[2:])
    enough = colorizer.deterministic and isinstance(returned, Tensor) and returned.shape == single
    colored = check_output(returned, single if enough else several, gray.device, type(colorizer).__name__)
    return colored.expand(several)


def check_output(colored: object, shape: tuple[int, ...], device: torch.device, who: str) -> Tensor:
    """Return what `colorize` returned if it keeps the contract.

    shape: the expected (N, K, 3, H, W). device: that of the grey. who: the class, for the message.

    Raises:
        PluginError: it is no dense float32 tensor of that shape on that device, or holds NaN, infinity or
            values outside [0, 1].
    """
    returned = f"{who}.colorize returned"
    if not isinstance(colored, Tensor):
        raise PluginError(f"{returned} a {type(colored).__name__}, expected a torch.Tensor")
    if tuple(colored.shape) != shape:
        raise PluginError(f"{returned} shape {tuple(colored.shape)}, expected {shape}")
    if colored.dtype != torch.float32 or colored.layout != torch.strided:
        returned_type = f"{colored.layout} {colored.dtype}".removeprefix("torch.strided ")
        raise PluginError(f"{returned} {returned_type}, expected torch.float32")
    if colored.device != device:
        raise PluginError(f"{returned} a tensor on {colored.device}, expected one on {device}")
    low, high = (float(bound) for bound in colored.detach().aminmax())  # NaN anywhere is NaN here
    if not (low >= -TOLERANCE and high <= 1 + TOLERANCE):
        raise PluginError(f"{returned} values from {low:.4g} to {high:.4g}, expected 0 to 1")
    return colored
