"""Arrays and tensors as a `Picture`: the shapes, types and ranges that leave no doubt, and no others."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
import numpy.typing as npt

from colorzoo.core.errors import ImageError, printable
from colorzoo.core.imaging.image_io import AnyDepth, Picture

if TYPE_CHECKING:
    from torch import Tensor


def from_array(array: npt.NDArray[Any]) -> Picture:
    """Return the picture of (H, W), (H, W, 1), (H, W, 3) or (H, W, 4): uint8, uint16, or float in [0, 1].

    Raises:
        ImageError: another shape, type or range, or NaN.
    """
    array = np.asarray(array)
    shape = array.shape
    described = f"array of {array.dtype} with shape {shape}"
    if array.ndim not in (2, 3) or (array.ndim == 3 and shape[2] not in (1, 3, 4)):
        raise ImageError(
            f"{described}; expected (H, W), (H, W, 1), (H, W, 3) or (H, W, 4){_shape_advice(shape)}"
        )
    return _from_pixels(array, described)


def _from_pixels(array: npt.NDArray[Any], described: str) -> Picture:
    """Return the picture of an array whose shape is checked, its channels last."""
    shape = array.shape
    pixels = _to_integers(array, described)
    if pixels.ndim == 2 or shape[2] == 1:
        return Picture(np.repeat(pixels.reshape(*shape[:2], 1), 3, axis=2))
    alpha = np.ascontiguousarray(pixels[..., 3]) if shape[2] == 4 else None
    return Picture(np.ascontiguousarray(pixels[..., :3]), alpha)


def _shape_advice(shape: tuple[int, ...]) -> str:
    if len(shape) == 4:
        return "; give a batch as a list: list(array)"
    if len(shape) == 3 and shape[0] in (1, 3, 4) and shape[2] > 4:
        return "; move the channels last: array.transpose(1, 2, 0)"
    return ""


def _to_integers(array: npt.NDArray[Any], what: str) -> AnyDepth:
    """Return uint8, to which floats are rounded, or uint16 as it is."""
    kind, size = array.dtype.kind, array.dtype.itemsize
    if kind != "f" and (kind, size) not in (("u", 1), ("u", 2)):
        raise ImageError(f"{what}; expected uint8, uint16, or float in [0, 1]")
    if not array.size:
        raise ImageError(f"empty {what}")
    if kind == "f":
        _check_range(float(array.min()), float(array.max()), what)
        array = np.rint(array.astype(np.float32 if size < 8 else array.dtype) * 255)
    return array.astype(np.uint16 if (kind, size) == ("u", 2) else np.uint8, copy=False)


def _check_range(low: float, high: float, what: str) -> None:
    if np.isnan(low):
        raise ImageError(f"{what} holds NaN; expected numbers from 0 to 1")
    if low < 0 or high > 1:
        advice = ""
        if low >= -0.1 and high <= 1.1:
            advice = "; cut them off: x.clip(0, 1)"
        elif low >= 0 and high <= 65535:
            advice = f"; divide by {255 if high <= 255 else 65535}"
        elif low >= -1 and high <= 1:
            advice = "; bring [-1, 1] to [0, 1]: (x + 1) / 2"
        raise ImageError(f"{what} has values from {low:.9g} to {high:.9g}; expected 0 to 1{advice}")


def is_tensor(value: object) -> TypeGuard[Tensor]:
    """Return whether it is a tensor, without importing torch: where there is one, somebody did."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def from_tensor(tensor: Tensor) -> Picture:
    """Return the picture of (H, W), (1, H, W) or (3, H, W) on any device: uint8, or float in [0, 1].

    Raises:
        ImageError: another shape, type or range, or NaN.
    """
    shape = tuple(tensor.shape)
    kind = str(tensor.dtype).removeprefix("torch.")
    described = f"tensor of {kind} with shape {shape}"
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[0] not in (1, 3)):
        raise ImageError(f"{described}; expected (H, W), (1, H, W) or (3, H, W){_tensor_advice(shape)}")
    if kind != "uint8" and not tensor.is_floating_point():
        raise ImageError(f"{described}; expected uint8, or float in [0, 1]")
    array = _values(tensor, described)
    return _from_pixels(array if array.ndim == 2 else np.moveaxis(array, 0, -1), described)


def _values(tensor: Tensor, described: str) -> npt.NDArray[Any]:
    try:
        values = tensor.detach().cpu()
        wide = str(values.dtype) in ("torch.uint8", "torch.float64")
        return np.asarray((values if wide else values.float()).numpy())
    except (RuntimeError, TypeError) as error:  # sparse ones, and those on the meta device
        raise ImageError(f"{described} has no dense values ({printable(str(error), 120)})") from None


def _tensor_advice(shape: tuple[int, ...]) -> str:
    if len(shape) == 4:
        return "; give a batch as a list: list(tensor)"
    if len(shape) == 3 and shape[2] in (1, 3):
        return "; move the channels first: tensor.permute(2, 0, 1)"
    return ""
