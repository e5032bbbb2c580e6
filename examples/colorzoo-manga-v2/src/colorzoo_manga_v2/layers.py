"""What the network is made of; modules are called as in the published weights."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

SLOPE = 0.2
"""Of every leaky rectifier."""
GROUPS = 32
"""Of every grouped convolution (Xie et al., Aggregated Residual Transformations, CVPR 2017)."""


class ChannelGate(nn.Module):
    """Squeeze and excitation: weighs channels by the means of all (Hu et al., CVPR 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels // 16, 1)
        self.conv2 = nn.Conv2d(channels // 16, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.conv2(self.conv1(x.mean((2, 3), keepdim=True)).relu()).sigmoid()


class EncoderBlock(nn.Module):
    """Bottleneck of SE-ResNeXt, with batch norms; `width` channels in, or what comes, 2 x `width` out."""

    def __init__(self, inputs: int, width: int, stride: int = 1) -> None:
        super().__init__()
        outputs = 2 * width
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, groups=GROUPS, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.selayer = ChannelGate(outputs)
        self.downsample = nn.Sequential()
        if inputs != outputs:
            self.downsample.append(nn.Conv2d(inputs, outputs, 1, stride, bias=False))
            self.downsample.append(nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        inner = self.bn1(self.conv1(x)).relu()
        inner = self.bn2(self.conv2(inner)).relu()
        return (self.selayer(self.bn3(self.conv3(inner))) + self.downsample(x)).relu()


class DecoderBlock(nn.Module):
    """The same without norms: channels in, half of them inside, channels out."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        inner = channels // 2
        self.conv_reduce = nn.Conv2d(channels, inner, 1, bias=False)
        self.conv_conv = nn.Conv2d(
            inner, inner, 3, 1, dilation, dilation, groups=min(GROUPS, inner), bias=False
        )
        self.conv_expand = nn.Conv2d(inner, channels, 1, bias=False)
        self.selayer = ChannelGate(channels)

    def forward(self, x: Tensor) -> Tensor:
        inner = F.leaky_relu(self.conv_reduce(x), SLOPE)
        inner = F.leaky_relu(self.conv_conv(inner), SLOPE)
        return x + self.selayer(self.conv_expand(inner))


def blocks(channels: int, count: int, width: int, stride: int) -> nn.Sequential:
    """Return a stage of the encoder: so many blocks, the first of them at a stride."""
    first = EncoderBlock(channels, width, stride)
    return nn.Sequential(first, *(EncoderBlock(2 * width, width) for _ in range(count - 1)))


def hinted_level(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """Return two convolutions, the first at a stride: a level of what sees the hints."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1), nn.LeakyReLU(SLOPE),
        nn.Conv2d(outputs, outputs, 3, 1, 1), nn.LeakyReLU(SLOPE),
    )  # fmt: skip


def tunnel(inputs: int, width: int, dilations: tuple[int, ...]) -> nn.Sequential:
    """Return a level of the decoder: (N, inputs, h, w) to (N, width / 2, 2h, 2w)."""
    return nn.Sequential(
        nn.Conv2d(inputs, width, 3, 1, 1), nn.LeakyReLU(SLOPE),
        nn.Sequential(*(DecoderBlock(width, dilation) for dilation in dilations)),
        nn.Conv2d(width, 2 * width, 3, 1, 1), nn.PixelShuffle(2), nn.LeakyReLU(SLOPE),
    )  # fmt: skip
