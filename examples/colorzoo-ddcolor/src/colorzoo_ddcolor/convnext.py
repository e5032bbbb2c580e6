"""The encoder: ConvNeXt (Liu et al., *A ConvNet for the 2020s*, CVPR 2022), a feature a stage."""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPSILON = 1e-6


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of (N, C, H, W)."""

    def __init__(self, width: int) -> None:
        super().__init__(width, EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Block(nn.Module):
    """A depthwise convolution, then two layers on each pixel, added to the input (figure 4)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width, EPSILON)
        self.pwconv1 = nn.Linear(width, 4 * width)
        self.pwconv2 = nn.Linear(4 * width, width)
        self.gamma = nn.Parameter(torch.full((width,), 1e-6))

    def forward(self, x: Tensor) -> Tensor:
        pixels = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        pixels = self.gamma * self.pwconv2(F.gelu(self.pwconv1(pixels)))
        return x + pixels.permute(0, 3, 1, 2)


class ConvNeXt(nn.Module):
    """Features at 1/4, 1/8, 1/16 and 1/32 of a picture (N, 3, H, W), each normed by a layer of its own."""

    def __init__(self, depths: Sequence[int], widths: Sequence[int]) -> None:
        super().__init__()
        stem = nn.Sequential(nn.Conv2d(3, widths[0], 4, stride=4), ChannelNorm(widths[0]))
        halvings = [
            nn.Sequential(ChannelNorm(wide), nn.Conv2d(wide, wider, 2, stride=2))
            for wide, wider in pairwise(widths)
        ]
        self.downsample_layers = nn.ModuleList([stem, *halvings])
        self.stages = nn.ModuleList(
            nn.Sequential(*(Block(width) for _ in range(depth)))
            for depth, width in zip(depths, widths, strict=True)
        )
        self.norms = nn.ModuleList(map(ChannelNorm, widths))

    def forward(self, x: Tensor) -> list[Tensor]:
        features = []
        for smaller, stage, norm in zip(self.downsample_layers, self.stages, self.norms, strict=True):
            x = stage(smaller(x))
            features.append(norm(x))
        return features
