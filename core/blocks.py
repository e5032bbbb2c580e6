"""Building blocks that colorizers share."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GROWTH = (1, 2, 4, 6)


def block(inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    """Return convolution, batch norm, ReLU."""
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Residual(nn.Module):
    """Two convolutions around which the input is carried (He et al. 2016)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = block(width, width)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)))


class Pyramid(nn.Module):
    """Features of a picture at 1/2, 1/4, 1/8 … of its size, `growth` times `width` channels at each."""

    def __init__(self, inputs: int, width: int, growth: Sequence[int] = GROWTH) -> None:
        super().__init__()
        self.widths = [factor * width for factor in growth]
        levels: list[nn.Module] = [block(inputs, width, stride=2, kernel=5)]
        for finer, coarser in pairwise(self.widths):
            levels.append(nn.Sequential(block(finer, coarser, stride=2), Residual(coarser)))
        self.levels = nn.ModuleList(levels)

    def forward(self, x: Tensor) -> list[Tensor]:
        features = []
        for level in self.levels:
            x = level(x)
            features.append(x)
        return features


class Laterals(nn.Module):
    """Features of given widths, as another network has made them, brought to `growth` times `width`."""

    def __init__(self, inputs: Sequence[int], width: int, growth: Sequence[int] = GROWTH) -> None:
        super().__init__()
        self.widths = [factor * width for factor in growth]
        self.levels = nn.ModuleList(block(a, b, kernel=1) for a, b in zip(inputs, self.widths, strict=True))

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        return [level(x) for level, x in zip(self.levels, features, strict=True)]


class UNet(nn.Module):
    """From a picture to a field of its size, computed at half of it (Ronneberger et al. 2015).

    Colour is smooth and luma carries the detail, so the finest level is bilinear. With `style`, a
    vector of so many numbers scales and shifts the features of every level (Perez et al. 2018).
    inputs: channels of the picture, or the widths of the features that stand for it, finest first.
    """

    def __init__(
        self,
        inputs: int | Sequence[int],
        outputs: int,
        width: int,
        growth: Sequence[int] = GROWTH,
        *,
        style: int = 0,
    ) -> None:
        super().__init__()
        features = Pyramid if isinstance(inputs, int) else Laterals
        self.features = features(inputs, width, growth)  # type: ignore[arg-type]
        widths = self.features.widths[::-1]
        self.joins = nn.ModuleList(block(a + b, b) for a, b in pairwise(widths))
        self.blocks = nn.ModuleList(Residual(width) for width in widths)
        self.head = nn.Conv2d(width, outputs, 3, 1, 1)
        self.styles = nn.ModuleList(nn.Linear(style, 2 * w) for w in widths if style)
        for layer in self.styles:
            nn.init.normal_(layer.weight, 0, 0.1)  # type: ignore[arg-type]

    def encode(self, x: Tensor) -> list[Tensor]:
        """Return features of x (N, inputs, H, W), coarsest first; sides divide by two at every level."""
        return self.features(x)[::-1]  # type: ignore[no-any-return]

    def decode(self, features: list[Tensor], style: Tensor | None = None) -> Tensor:
        """Return the float32 field (N, outputs, H, W) for features and style (N, style)."""
        return F.interpolate(self.field(features, style), scale_factor=2.0, mode="bilinear")

    def field(self, features: list[Tensor], style: Tensor | None = None) -> Tensor:
        """Return the float32 field at half the picture's size, where it is computed."""
        x = features[0]
        for index, refine in enumerate(self.blocks):
            if index:
                larger = F.interpolate(x, scale_factor=2.0, mode="nearest")
                x = self.joins[index - 1](torch.cat([larger, features[index]], 1))
            if style is not None:
                scale, shift = self.styles[index](style)[:, :, None, None].chunk(2, 1)
                x = x * (1 + scale) + shift
            x = refine(x)
        return self.head(x).float()  # type: ignore[no-any-return]

    def forward(self, x: Tensor, style: Tensor | None = None) -> Tensor:
        return self.decode(self.encode(x), style)
