"""Checks what a colorizer returns before it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from colorzoo.core.errors import PluginError

if TYPE_CHECKING:
    from colorzoo.core.config import RunOptions
    from colorzoo.core.interfaces.colorizer import Colorizer

TOLERANCE = 1e-3
"""By how much values may lie outside [0, 1], since rounding clamps them."""


def checked_samples(colorizer: Colorizer, gray: Tensor, options: RunOptions) -> Tensor:
    """Return what `colorize` returns for gray (N, 1, H, W) in [0, 1] and validated options, once checked.

    Raises:
        PluginError: as in `check_output`.
    """
    expected = (len(gray), options.samples, 3, *gray.shape[-2:])
    return check_output(colorizer.colorize(gray, options), expected, gray.device, type(colorizer).__name__)


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
