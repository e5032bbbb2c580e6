"""The network of DDColor (Kang et al., ICCV 2023, section 3): two decoders on one encoder."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorzoo_ddcolor.color_decoder import ColorDecoder
from colorzoo_ddcolor.convnext import ConvNeXt

SIZES: Mapping[str, Mapping[str, Any]] = {
    "tiny": {"depths": (3, 3, 9, 3), "widths": (96, 192, 384, 768)},
    "large": {"depths": (3, 3, 27, 3), "widths": (192, 384, 768, 1536)},
}
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Growth(nn.Module):
    """Grow by a pixel shuffle, whose checkerboard a mean of four pixels blurs (Sugawara et al. 2018)."""

    def __init__(self, inputs: int, outputs: int, scale: int, *, normed: bool) -> None:
        super().__init__()
        self.scale, wide = scale, outputs * scale**2
        layers = [nn.Conv2d(inputs, wide, 1, bias=not normed)]
        self.conv = nn.Sequential(*layers, *([nn.BatchNorm2d(wide)] if normed else []))

    def forward(self, x: Tensor) -> Tensor:
        grown = F.pixel_shuffle(F.relu(self.conv(x)), self.scale)
        return F.avg_pool2d(F.pad(grown, (1, 0, 1, 0), mode="replicate"), 2, stride=1)


class UnetBlock(nn.Module):
    """Grow twofold and join the encoder's feature of that size."""

    def __init__(self, inputs: int, feature: int, outputs: int) -> None:
        super().__init__()
        self.shuf = Growth(inputs, outputs, 2, normed=True)
        self.bn = nn.BatchNorm2d(feature)
        self.conv = nn.Sequential(
            nn.Conv2d(outputs + feature, outputs, 3, padding=1, bias=False),
            nn.ReLU(),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x: Tensor, feature: Tensor) -> Tensor:
        return self.conv(F.relu(torch.cat([self.shuf(x), self.bn(feature)], 1)))


class DualDecoder(nn.Module):
    """The pixel decoder from 1/32 back to full size, and the colour decoder that looks at its steps."""

    def __init__(self, widths: Sequence[int], width: int, queries: int, layers: int) -> None:
        super().__init__()
        steps = (width, width, width // 2)
        inputs = (widths[-1], *steps[:-1])
        self.layers = nn.ModuleList(map(UnetBlock, inputs, reversed(widths[:-1]), steps))
        self.last_shuf = Growth(steps[-1], steps[-1], 4, normed=False)
        self.color_decoder = ColorDecoder(steps[-1], steps, queries, layers)

    def forward(self, features: list[Tensor]) -> Tensor:
        x, *finer = reversed(features)
        steps = []
        for block, feature in zip(self.layers, finer, strict=True):
            x = block(x, feature)
            steps.append(x)
        return self.color_decoder(steps, self.last_shuf(x))


class Network(nn.Module):
    """From grey as RGB (N, 3, H, W) in [0, 1] to CIE ab (N, 2, H, W); H and W are multiples of 32.

    Features are handed on, kept nowhere: several threads may call it at once.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        depths: Sequence[int],
        widths: Sequence[int],
        width: int = 512,
        queries: int = 100,
        layers: int = 9,
    ) -> None:
        super().__init__()
        self.encoder = ConvNeXt(depths, widths)
        self.decoder = DualDecoder(widths, width, queries, layers)
        self.refine_net = nn.Conv2d(queries + 3, 2, 1)
        for name, values in (("mean", IMAGENET_MEAN), ("deviation", IMAGENET_DEVIATION)):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)

    def forward(self, rgb: Tensor) -> Tensor:
        normalized = (rgb - self.mean) / self.deviation
        maps = self.decoder(self.encoder(normalized))
        return self.refine_net(torch.cat([maps, normalized], 1))
