"""The trunks: ResNets without their last two layers (He, Zhang, Ren, Sun 2016, arXiv:1512.03385).

Modules have torchvision's names in the order of its layers, as published weights have them.
"""

from torch import Tensor, nn

FEATURES = (2, 4, 5, 6, 7)
"""Layers whose output is the last of its size: the first ReLU, and the four levels."""


class Block(nn.Module):
    """Convolutions beside a shortcut, which is projected where size or channels change."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.downsample = None
        if stride > 1 or inputs != outputs:
            projection = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, outputs, h / stride, w / stride)."""
        shortcut = x if self.downsample is None else self.downsample(x)
        return (self.residual(x) + shortcut).relu()


class BasicBlock(Block):
    """Two convolutions (figure 2)."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__(inputs, width, stride)
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)

    def residual(self, x: Tensor) -> Tensor:
        """Return what is added to the shortcut."""
        return self.bn2(self.conv2(self.bn1(self.conv1(x)).relu()))


class Bottleneck(Block):
    """A convolution, which has the stride, between two that change the channels (figure 5)."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        outputs = width * self.expansion
        super().__init__(inputs, outputs, stride)
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)

    def residual(self, x: Tensor) -> Tensor:
        """Return what is added to the shortcut."""
        narrow = self.bn2(self.conv2(self.bn1(self.conv1(x)).relu())).relu()
        return self.bn3(self.conv3(narrow))


TRUNKS: dict[str, tuple[type[BasicBlock | Bottleneck], tuple[int, ...]]] = {
    "resnet34": (BasicBlock, (3, 4, 6, 3)),
    "resnet101": (Bottleneck, (3, 4, 23, 3)),
}
"""Block, and how many each level has (table 1)."""


class ResNet(nn.Sequential):
    """One of `TRUNKS`; `widths` are the channels of its features."""

    def __init__(self, name: str, width: int) -> None:
        block, depths = TRUNKS[name]
        stem = nn.Conv2d(3, width, 7, 2, 3, bias=False)
        super().__init__(stem, nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        self.widths = [width]
        for level, depth in enumerate(depths):
            inner, stride = width * 2**level, 2 if level else 1
            outputs = inner * block.expansion
            first = block(self.widths[-1], inner, stride)
            self.append(nn.Sequential(first, *(block(outputs, inner, 1) for _ in range(depth - 1))))
            self.widths.append(outputs)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Return features at 1/2, 1/4, 1/8, 1/16 and 1/32 of the picture (N, 3, h, w)."""
        x, features = picture, []
        for index, layer in enumerate(self):
            x = layer(x)
            if index in FEATURES:
                features.append(x)
        return features
