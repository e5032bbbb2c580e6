"""The generators: U-Nets on a trunk, after deoldify/unet.py; layers have its numbers and names."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorzoo_deoldify.config import Variant
from colorzoo_deoldify.resnet import ResNet

RANGE = 3.0
"""Colours are between minus and plus this, in units of ImageNet's normalisation (y_range)."""


class SelfAttention(nn.Module):
    """Adds to each place what the places like it hold (Zhang et al. 2019, arXiv:1805.08318, section 3)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.query = nn.Conv1d(channels, channels // 8, 1, bias=False)
        self.key = nn.Conv1d(channels, channels // 8, 1, bias=False)
        self.value = nn.Conv1d(channels, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, channels, h, w)."""
        flat = x.flatten(2)
        shares = (self.query(flat).mT @ self.key(flat)).softmax(1)
        return (self.gamma * (self.value(flat) @ shares) + flat).view_as(x)


def convolved(inputs: int, outputs: int, *, attention: bool = False) -> nn.Sequential:
    """Return a convolution, ReLU and batch normalisation, in this order, and attention if it is wanted."""
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    layers = [convolution, nn.ReLU(inplace=True), nn.BatchNorm2d(outputs)]
    return nn.Sequential(*layers, *([SelfAttention(outputs)] if attention else []))


class PixelShuffle(nn.Module):
    """Doubles the size by moving channels into space (Shi et al. 2016, arXiv:1609.05158, section 3.2)."""

    def __init__(self, inputs: int, outputs: int, *, norm: bool) -> None:
        super().__init__()
        convolution = nn.Conv2d(inputs, 4 * outputs, 1, bias=not norm)
        self.conv = nn.Sequential(convolution, *([nn.BatchNorm2d(4 * outputs)] if norm else []))

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs, 2 h, 2 w), blurred against checkerboards (arXiv:1806.02658, section 3).

        The original blurs the last one too, whatever its argument says: fastai tests a layer for truth.
        """
        x = F.pixel_shuffle(self.conv(x).relu_(), 2)
        return F.avg_pool2d(F.pad(x, (1, 0, 1, 0), mode="replicate"), 2, 1)


class Level(nn.Module):
    """Doubles the size of what is deeper, and puts it beside the trunk's feature of that size."""

    def __init__(self, deep: int, skip: int, up: int) -> None:
        super().__init__()
        self.shuf = PixelShuffle(deep, up, norm=True)
        self.bn = nn.BatchNorm2d(skip)

    def forward(self, deep: Tensor, skip: Tensor) -> Tensor:
        """Return (N, outputs, h, w) at the size of the skipped feature, which may be odd."""
        up = self.shuf(deep)
        if up.shape[-2:] != skip.shape[-2:]:
            up = F.interpolate(up, skip.shape[-2:], mode="nearest")
        return self.merged(torch.cat([up, self.bn(skip)], 1).relu_())


class DeepLevel(Level):
    """Two convolutions, one and a half times as wide as what they are given."""

    def __init__(self, deep: int, skip: int, *, last: bool, attention: bool) -> None:
        up = deep // 2
        super().__init__(deep, skip, up)
        self.outputs = 3 * (up + skip) // (4 if last else 2)
        self.conv1 = convolved(up + skip, self.outputs)
        self.conv2 = convolved(self.outputs, self.outputs, attention=attention)

    def merged(self, both: Tensor) -> Tensor:
        """Return (N, outputs, h, w)."""
        return self.conv2(self.conv1(both))


class WideLevel(Level):
    """One convolution of a width that is the same at every level but the last."""

    def __init__(self, deep: int, skip: int, width: int, *, attention: bool) -> None:
        super().__init__(deep, skip, width)
        self.outputs = width
        self.conv = convolved(width + skip, width, attention=attention)

    def merged(self, both: Tensor) -> Tensor:
        """Return (N, outputs, h, w)."""
        return self.conv(both)


class Residual(nn.Module):
    """Two convolutions beside a shortcut, at the size of the picture."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        layers = [
            nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(inplace=True))
            for _ in range(2)
        ]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, channels, h, w)."""
        return x + self.layers(x)


def levels(decoder: str, trunk: list[int]) -> list[DeepLevel | WideLevel]:
    """Return the levels of a decoder, the deepest first, on a trunk with these channels."""
    *skips, deep = trunk
    built: list[DeepLevel | WideLevel] = []
    for number, skip in enumerate(reversed(skips)):
        last, attention = number == len(skips) - 1, number == len(skips) - 3
        if decoder == "deep":
            level = DeepLevel(deep, skip, last=last, attention=attention)
        else:
            level = WideLevel(deep, skip, skips[0] * (4 if last else 8), attention=attention)
        built.append(level)
        deep = level.outputs
    return built


class Generator(nn.Module):
    """From a normalised picture to a normalised picture in colour."""

    def __init__(self, variant: Variant, width: int) -> None:
        super().__init__()
        trunk = ResNet(variant.trunk, width)
        deep = trunk.widths[-1]
        middle = nn.Sequential(convolved(deep, 2 * deep), convolved(2 * deep, deep))
        decoder = levels(variant.decoder, trunk.widths)
        channels = decoder[-1].outputs
        full = channels + 3
        # in the place of the identity the original joins the picture
        last = [PixelShuffle(channels, channels, norm=False), nn.Identity(), Residual(full)]
        out = nn.Sequential(nn.Conv2d(full, 3, 1))
        self.layers = nn.ModuleList([trunk, nn.BatchNorm2d(deep), nn.ReLU(), middle, *decoder, *last, out])

    def forward(self, picture: Tensor) -> Tensor:
        """Return (N, 3, h, w) in [-`RANGE`, `RANGE`] for a picture (N, 3, h, w) with even h and w."""
        trunk, norm, relu, middle, *decoder, shuffle, _, residual, out = self.layers
        *skips, x = trunk(picture)
        x = middle(relu(norm(x)))
        for level in decoder:
            x = level(x, skips.pop())
        x = residual(torch.cat([shuffle(x), picture], 1))
        return RANGE * (2 * torch.sigmoid(out(x)) - 1)
