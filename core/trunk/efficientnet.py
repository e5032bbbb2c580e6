"""EfficientNet-Lite0 (Tan and Le 2019; the Lite variant of 2020), for grey and for colour pictures."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import torch.nn.functional as F
from torch import Tensor, nn

PRETRAINED = Path(__file__).with_name("efficientnet_lite0.safetensors")
STEM = 32


class Group(NamedTuple):
    """Blocks in a row: how many, side of the kernel, stride of the first, expansion, channels."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


PLAN = (
    Group(1, 3, 1, 1, 16),
    Group(2, 3, 2, 6, 24),
    Group(2, 5, 2, 6, 40),
    Group(3, 3, 2, 6, 80),
    Group(3, 5, 1, 6, 112),
    Group(4, 5, 2, 6, 192),
    Group(1, 3, 1, 6, 320),
)
"""The published plan; a picture's side is halved by the stem and by every stride of two."""
POOLED = 1280


class Lite0(nn.Module):
    """Features of a picture at 1/2, 1/4, 1/8, 1/16 and 1/32 of its size, as ImageNet has taught them."""

    widths = (16, 24, 40, 112, 320)
    cell = 32

    def __init__(self) -> None:
        super().__init__()
        channels = [STEM, *(group.channels for group in PLAN)]
        self.stem = _block(3, STEM, 3, stride=2)
        self.groups = nn.ModuleList(
            _group(before, group) for (before, _), group in zip(pairwise(channels), PLAN, strict=True)
        )

    def train(self, mode: bool = True) -> Lite0:
        """Keep the normalisation that ImageNet has left: a few pictures a step would spoil it."""
        return super().train(False)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Return features, finest first, of grey or colour (N, 1 or 3, H, W) in [0, 1].

        Sides are multiples of `cell`.
        """
        x = self.stem((2 * picture - 1).expand(-1, 3, -1, -1))
        features = []
        for index, group in enumerate(self.groups):
            x = group(x)
            last = index + 1 == len(PLAN) or PLAN[index + 1].stride == 2
            features += [x] if last else []
        return features


class Lite0Pooled(nn.Module):
    """What the network says of a whole picture: 1,280 numbers, those its classifier was given."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = Lite0()
        self.head = _block(Lite0.widths[-1], POOLED, 1)

    def forward(self, picture: Tensor) -> Tensor:
        """Return (N, 1280) of grey or colour (N, 1 or 3, H, W) in [0, 1]."""
        return self.pooled(self.trunk(picture))

    def pooled(self, features: list[Tensor]) -> Tensor:
        """Return (N, 1280) of what the trunk has made of pictures."""
        return self.head(features[-1]).mean((-2, -1))  # type: ignore[no-any-return]


def pretrained_state() -> dict[str, Tensor]:
    """Return the tensors of a `Lite0Pooled` trained on ImageNet, float32, from inside the package."""
    from safetensors.torch import load_file

    return {name: tensor.float() for name, tensor in load_file(PRETRAINED).items()}


def load_pretrained(trunk: Lite0) -> Lite0:
    """Give a trunk the weights trained on ImageNet, and return it; one on the meta device stays empty."""
    if next(trunk.parameters()).is_meta:
        return trunk
    prefix = "trunk."
    state = pretrained_state()
    trunk.load_state_dict({k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)})
    return trunk


class InvertedResidual(nn.Module):
    """Widen, look around channel by channel, narrow; the input is added where the shape stays."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inputs * expansion
        self.layers = nn.Sequential(
            *([_block(inputs, wide, 1)] if expansion > 1 else []),
            _block(wide, wide, kernel, stride=stride, groups=wide),
            nn.Conv2d(wide, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs, eps=1e-3),
        )
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        narrowed: Tensor = self.layers(x)
        return x + narrowed if self.adds else narrowed


class SamePadding(nn.Module):
    """Padding of a stride of two as TensorFlow has it: what is odd goes right and below."""

    def __init__(self, kernel: int) -> None:
        super().__init__()
        before = (kernel - 2) // 2
        self.sides = (before, kernel - 2 - before)

    def forward(self, x: Tensor) -> Tensor:
        return F.pad(x, (*self.sides, *self.sides))


def _group(inputs: int, group: Group) -> nn.Sequential:
    blocks = [InvertedResidual(inputs, group.channels, group.kernel, group.stride, group.expansion)]
    same = (group.channels, group.channels, group.kernel, 1, group.expansion)
    return nn.Sequential(*blocks, *(InvertedResidual(*same) for _ in range(group.blocks - 1)))


def _block(inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Return padding, convolution, batch norm and the ReLU that ends at 6."""
    padding = kernel // 2 if stride == 1 else 0
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False)
    pad = [SamePadding(kernel)] if stride > 1 else []
    return nn.Sequential(*pad, convolution, nn.BatchNorm2d(outputs, eps=1e-3), nn.ReLU6(inplace=True))
