"""The networks of cgan: two generators, one discriminator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from colorzoo.core.blocks import UNet
from colorzoo.core.trunk.efficientnet import Lite0, load_pretrained
from colorzoo.plugins.cgan.config import CGanConfig


class Generator(nn.Module):
    """From grey (N, 1, H, W) to a field (N, C, H / scale, W / scale); sides are multiples of `cell`."""

    cell: int
    scale: int
    reach: int
    """Pixels beyond which nothing changes an output; rounded up to whole cells."""


class Resizing(Generator):
    """U-Net that enlarges before it convolves: transposed convolutions leave a grid (Odena et al. 2016).

    Its field is half the page's size: colour is smooth, and the page's own luma carries the lines.
    """

    growth = (1, 2, 4, 8, 12)
    cell, scale, reach = 32, 2, 320

    def __init__(self, outputs: int, width: int) -> None:
        super().__init__()
        self.net = UNet(1, outputs, width, self.growth)

    def forward(self, gray: Tensor) -> Tensor:
        return self.net.field(self.net.encode(2 * gray - 1))


class OnTrunk(Generator):
    """The same decoder on features of EfficientNet-Lite0, which knows what a sky or a face is."""

    cell, scale, reach = Lite0.cell, 2, 608

    def __init__(self, outputs: int, width: int) -> None:
        super().__init__()
        self.trunk = load_pretrained(Lite0())
        self.net = UNet(Lite0.widths, outputs, width, Resizing.growth)

    def forward(self, gray: Tensor) -> Tensor:
        return self.decode(self.trunk(gray))

    def decode(self, features: Sequence[Tensor]) -> Tensor:
        """Return the field for the trunk's features, finest first."""
        return self.net.field(self.net.encode(features))  # type: ignore[arg-type]  # as its widths say


class Columns(Generator):
    """What the trunk's features at a place, of all sizes, say of its colour.

    Hypercolumns (Larsson et al. 2016, arXiv:1603.06668). There is nothing to learn but a few layers that
    look at one place each: minutes are enough.
    """

    cell, scale, reach = Lite0.cell, 2, 480
    hidden = 128

    def __init__(self, outputs: int, width: int) -> None:
        super().__init__()
        self.trunk = load_pretrained(Lite0())
        self.levels = nn.ModuleList(nn.Conv2d(channels, 16 * width, 1) for channels in Lite0.widths)
        self.rest = nn.Sequential(
            nn.ReLU(inplace=True),
            nn.Conv2d(16 * width, self.hidden, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(self.hidden, outputs, 1),
        )

    def forward(self, gray: Tensor) -> Tensor:
        return self.judged(self.trunk(gray)).float()

    def judged(self, features: Sequence[Tensor]) -> Tensor:
        """Return logits (N, outputs, H, W) for features, brought to the size of the finest (N, C, H, W)."""
        x, *coarser = (level(f) for level, f in zip(self.levels, features, strict=True))
        for other in coarser:
            x = x + F.interpolate(other, size=x.shape[-2:], mode="bilinear", align_corners=False)
        return self.rest(x)  # type: ignore[no-any-return]


class Pix2Pix(Generator):
    """U-Net of eight halvings and transposed convolutions (Isola et al. 2017, appendix)."""

    growth = (1, 2, 4, 8, 8, 8, 8, 8)
    cell, scale, reach = 256, 1, 512

    def __init__(self, outputs: int, width: int) -> None:
        super().__init__()
        widths = [width * factor for factor in self.growth]
        self.head = nn.Conv2d(1, width, 4, 2, 1)
        self.down = nn.ModuleList(_halving(a, b) for a, b in pairwise(widths))
        self.down[-1] = _halving(*widths[-2:], norm=False)  # it may be left with one pixel
        joined = [widths[-1], *(2 * w for w in widths[-2::-1])]
        self.up = nn.ModuleList(_doubling(a, b) for a, b in zip(joined, widths[-2::-1], strict=False))
        self.tail = nn.Sequential(nn.ReLU(inplace=True), nn.ConvTranspose2d(2 * width, outputs, 4, 2, 1))

    def forward(self, gray: Tensor) -> Tensor:
        features = [self.head(2 * gray - 1)]
        for layer in self.down:
            features.append(layer(features[-1]))
        x = features.pop()
        for layer in self.up:
            x = torch.cat([layer(x), features.pop()], 1)
        return self.tail(x).float()  # type: ignore[no-any-return]


class Discriminator(nn.Module):
    """Judge pairs of grey and colour fields: logits of being real, one per patch or one per picture."""

    def __init__(self, config: CGanConfig) -> None:
        super().__init__()
        wrap = spectral_norm if config.spectral_norm else _unchanged
        widths = [config.discriminator_width * factor for factor in (1, 2, 4, 8)]
        channels = 1 + channels_of(config)
        layers: list[nn.Module] = []
        for index, (a, b) in enumerate(pairwise([channels, *widths])):
            stride = 1 if index == len(widths) - 1 else 2
            layers += [wrap(nn.Conv2d(a, b, 4, stride, 1)), nn.LeakyReLU(0.2, inplace=True)]
        self.layers = nn.Sequential(*layers, wrap(nn.Conv2d(widths[-1], 1, 4, 1, 1)))
        self.scalar = config.discriminator == "scalar"

    def forward(self, gray: Tensor, field: Tensor) -> Tensor:
        logits = self.layers(torch.cat([gray, field], 1)).float()
        return logits.mean((-2, -1), keepdim=True) if self.scalar else logits  # type: ignore[no-any-return]


GENERATORS: Mapping[str, Callable[[int, int], Generator]] = {
    "unet": Resizing,
    "lite0": OnTrunk,
    "columns": Columns,
    "pix2pix": Pix2Pix,
}


def generator(config: CGanConfig) -> Generator:
    """Return the configured generator, with random weights."""
    outputs = config.color_levels**3 if config.color_levels else channels_of(config)
    return GENERATORS[config.generator](outputs, config.width)


def channels_of(config: CGanConfig) -> int:
    """Return the channels of a colour field."""
    return 2 if config.space == "chroma" else 3


def _halving(inputs: int, outputs: int, *, norm: bool = True) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 4, 2, 1, bias=not norm)
    return nn.Sequential(nn.LeakyReLU(0.2), convolution, *([nn.BatchNorm2d(outputs)] if norm else []))


def _doubling(inputs: int, outputs: int) -> nn.Sequential:
    convolution = nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=False)
    return nn.Sequential(nn.ReLU(inplace=True), convolution, nn.BatchNorm2d(outputs))


def _unchanged(layer: nn.Module) -> nn.Module:
    return layer
