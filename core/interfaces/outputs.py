"""What a colorizer returns, checked before anything is made of it."""

from __future__ import annotations

import torch
from torch import Tensor

from colorzoo.core.errors import PluginError

TOLERANCE = 1e-3
"""By how much values may leave [0, 1]; rounding brings them back."""


def check_output(colored: object, shape: tuple[int, ...], device: torch.device, who: str) -> Tensor:
    """Return what `colorize` returned if it is as promised.

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
        kind = f"{colored.layout} {colored.dtype}".removeprefix("torch.strided ")
        raise PluginError(f"{returned} {kind}, expected torch.float32")
    if colored.device != device:
        raise PluginError(f"{returned} a tensor on {colored.device}, expected one on {device}")
    low, high = (float(bound) for bound in colored.detach().aminmax())  # NaN anywhere is NaN here
    if not (low >= -TOLERANCE and high <= 1 + TOLERANCE):
        raise PluginError(f"{returned} values from {low:.4g} to {high:.4g}, expected 0 to 1")
    return colored
