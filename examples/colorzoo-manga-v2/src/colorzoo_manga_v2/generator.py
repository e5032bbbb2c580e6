"""The generator of manga-colorization-v2: grey and hints to colour."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from colorzoo_manga_v2.layers import SLOPE, blocks, hinted_level, tunnel


class Encoder(nn.Module):
    """The first three stages of SE-ResNeXt-50 on grey, without pooling."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = blocks(width, 3, 2 * width, 1)
        self.layer2 = blocks(4 * width, 4, 4 * width, 2)
        self.layer3 = blocks(8 * width, 6, 8 * width, 2)

    def forward(self, gray: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return features of 1, 4, 8 and 16 widths, at a half, a half, a quarter and an eighth."""
        first = self.bn1(self.conv1(gray)).relu()
        second = self.layer1(first)
        third = self.layer2(second)
        return first, second, third, self.layer3(third)


class Generator(nn.Module):
    """Encoder, a narrow one that sees the hints too, and a decoder of residual blocks."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        half, middle = width // 2, 23 * width // 16
        self.encoder = Encoder(width)
        self.to0 = hinted_level(5, half, 1)
        self.to1 = hinted_level(half, width, 2)
        self.to2 = hinted_level(width, middle, 2)
        self.to3 = hinted_level(middle, 2 * width, 2)
        self.tunnel4 = tunnel((16 + 2) * width, 8 * width, (1,) * 20)
        self.tunnel3 = tunnel((4 + 8) * width, 4 * width, (1, 1, 2, 2, 4, 4, 2, 1))
        self.tunnel2 = tunnel((2 + 4 + 1) * width, 2 * width, (1, 1, 2, 2, 4, 4, 2, 1))
        self.exit = nn.Sequential(
            nn.Conv2d(width + half, half, 3, 1, 1), nn.LeakyReLU(SLOPE), nn.Conv2d(half, 3, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return sRGB (N, 3, H, W) in [-1, 1].

        x: (N, 5, H, W): grey in [0, 1]; sRGB of hints in [-1, 1] and 0 elsewhere; 1 where there are hints.
        """
        full = self.to0(x)
        coarse = self.to3(self.to2(self.to1(full)))
        first, second, third, fourth = self.encoder(x[:, :1])
        decoded = self.tunnel4(torch.cat([fourth, coarse], 1))
        decoded = self.tunnel3(torch.cat([decoded, third], 1))
        decoded = self.tunnel2(torch.cat([decoded, second, first], 1))
        return self.exit(torch.cat([decoded, full], 1)).tanh()
