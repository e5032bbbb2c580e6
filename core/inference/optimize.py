"""Networks made fast for inference, with the same outputs up to rounding.

Batch norms are folded into the convolutions before them, transposed convolutions become convolutions
with a pixel shuffle, memory is channels-last and numbers are bfloat16 where the processor computes them
fast. `bench/cgan_speed.py` measures the gain.
"""

from __future__ import annotations

import copy
from collections.abc import Hashable, Mapping
from itertools import pairwise
from typing import Any, TypeGuard, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from colorzoo.core.devices import bfloat16_is_fast

Network = TypeVar("Network", bound=nn.Module)


class OptimizedCopy:
    """Caches fast copies of a network; they are made again when the network's weights have changed.

    narrow: inputs at most so many pixels wide are computed in float32; give the width at which the
    network's coarsest features are one column. There bfloat16 is not sound on every processor: cgan's
    512x32 inputs were seen to give NaN, or other values at every call, where avx512_bf16 is used, while
    float32 was equal. `bench/tall_pages.py` shows it, and the layers it is in, on such a processor.
    """

    def __init__(self, narrow: int) -> None:
        self.narrow = narrow
        self._key: Hashable = None
        self._copies: dict[torch.dtype, nn.Module] = {}

    def __call__(self, network: nn.Module, x: Tensor) -> Tensor:
        """Return the output of the network's fast copy for x (N, C, H, W)."""
        dtype = fast_dtype(x.device) if x.shape[-1] > self.narrow else torch.float32
        return self._copy(network, dtype)(x.to(dtype, memory_format=torch.channels_last))  # type: ignore[no-any-return]

    def _copy(self, network: nn.Module, dtype: torch.dtype) -> nn.Module:
        tensors = [*network.parameters(), *network.buffers()]
        if any(tensor.is_inference() for tensor in tensors):  # these do not count their changes
            return optimize_for_inference(network, dtype)
        key = tuple((tensor.data_ptr(), tensor._version) for tensor in tensors)
        if key != self._key:
            self._copies, self._key = {}, key
        if dtype not in self._copies:
            self._copies[dtype] = optimize_for_inference(network, dtype)
        return self._copies[dtype]

    def __deepcopy__(self, memo: object) -> OptimizedCopy:
        return OptimizedCopy(self.narrow)

    def __reduce__(self) -> tuple[type[OptimizedCopy], tuple[int]]:
        return OptimizedCopy, (self.narrow,)


def fast_dtype(device: torch.device) -> torch.dtype:
    """Return the type in which the device computes networks fastest."""
    return torch.bfloat16 if bfloat16_is_fast(device) else torch.float32


def optimize_for_inference(network: nn.Module, dtype: torch.dtype | None = None) -> nn.Module:
    """Return a copy of the network, optimized as the module's docstring says.

    dtype: of its weights and inputs; by default the fastest of its device.
    """
    with torch.inference_mode(False), torch.no_grad():
        fast = _rebuilt(copy.deepcopy(network).eval(), {})
        dtype = dtype or fast_dtype(next(network.parameters()).device)
        return fast.to(dtype=dtype, memory_format=torch.channels_last).requires_grad_(False)  # type: ignore[call-overload, no-any-return]


def shared_copy(network: Network) -> Network:
    """Return a network folded and channels-last, of the same type and numbers; the rest of it is shared."""
    with torch.inference_mode(False), torch.no_grad():
        return _rebuilt(network, {})  # type: ignore[return-value]  # it has the same class


class ShuffledConvolution(nn.Module):
    """A transposed convolution of kernel 4, stride 2, padding 1 as convolution and pixel shuffle.

    Each of the four output phases is a 2x2 convolution of the input, stored in a corner of a 3x3 kernel.
    """

    def __init__(self, source: nn.ConvTranspose2d) -> None:
        super().__init__()
        inputs, outputs = source.in_channels, source.out_channels
        self.convolution = nn.utils.skip_init(  # type: ignore[no-untyped-call]  # which leaves the random generators alone
            nn.Conv2d, inputs, 4 * outputs, 3, 1, 1, bias=source.bias is not None
        )
        kernel = source.weight.new_zeros(outputs, 2, 2, inputs, 3, 3)
        for row in range(2):
            for column in range(2):
                taps = source.weight[:, :, 1 - row :: 2, 1 - column :: 2].flip(2, 3).transpose(0, 1)
                kernel[:, row, column, :, row : row + 2, column : column + 2] = taps
        self.convolution.weight.data = kernel.flatten(0, 2)
        if source.bias is not None:
            self.convolution.bias.data = source.bias.repeat_interleave(4)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.pixel_shuffle(self.convolution(x), 2)


def _rebuilt(module: nn.Module, done: dict[int, nn.Module]) -> nn.Module:
    """Return a module with its layers folded and rewritten, inside out; the rest is shared, not copied.

    done: by id, what has been rebuilt, for a module may stand in several places.
    """
    if id(module) not in done:
        done[id(module)] = _twin(module, done)
    return done[id(module)]


def _twin(module: nn.Module, done: dict[int, nn.Module]) -> nn.Module:
    if not any(isinstance(layer, nn.Conv2d | nn.ConvTranspose2d) for layer in module.modules()):
        return module
    twin = module.__new__(type(module))
    vars(twin).update(vars(module))
    if isinstance(module, nn.Conv2d) and "weight" in module._parameters:
        weight = module.weight.detach().to(memory_format=torch.channels_last)
        twin._parameters = {**module._parameters, "weight": nn.Parameter(weight, requires_grad=False)}
    children = {name: child and _rebuilt(child, done) for name, child in module._modules.items()}
    plain = isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward
    twin._modules = _folded(children) if plain else children
    return twin


def _folded(layers: Mapping[str, nn.Module | None]) -> dict[str, nn.Module | None]:
    """Return the layers of a sequence, as many as before: who takes one by its number finds it."""
    folded = dict(layers)
    for first, second in pairwise(layers):
        before, layer = cast(Any, folded[first]), cast(Any, folded[second])
        if _is_plain(before, nn.Conv2d, nn.ConvTranspose2d) and _is_plain(layer, nn.BatchNorm2d):
            if before.training or layer.training or layer.running_mean is None:
                continue
            transposed = isinstance(before, nn.ConvTranspose2d)
            if not (transposed and before.groups > 1):
                folded[first] = fuse_conv_bn_eval(before, layer, transpose=transposed)
                folded[second] = nn.Identity()
    return {name: ShuffledConvolution(f) if _is_doubling(f) else f for name, f in folded.items()}


def _is_plain(layer: Any, *types: type[nn.Module]) -> bool:
    """Return whether a layer is torch's own, and nobody watches what goes through it."""
    return type(layer) in types and not (layer._forward_hooks or layer._forward_pre_hooks)


def _is_doubling(layer: Any) -> TypeGuard[nn.ConvTranspose2d]:
    if not _is_plain(layer, nn.ConvTranspose2d):
        return False
    sides = (layer.kernel_size, layer.stride, layer.padding, layer.output_padding, layer.dilation)
    return layer.groups == 1 and sides == ((4, 4), (2, 2), (1, 1), (0, 0), (1, 1))
