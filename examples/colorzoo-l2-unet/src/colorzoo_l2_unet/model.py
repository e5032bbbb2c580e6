"""The colorizer l2-unet: grey to chroma, at a working size."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorzoo.core import Colorizer, Stage, color
from colorzoo_l2_unet.config import L2UNetConfig

LEVELS = 4


def block(inputs: int, outputs: int) -> nn.Sequential:
    """Two convolutions with batch normalisation (Ronneberger, Fischer, Brox 2015, figure 1)."""
    layers: list[nn.Module] = []
    for channels in (inputs, outputs):
        convolution = nn.Conv2d(channels, outputs, 3, padding=1, bias=False)
        layers += [convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """A U-Net with four levels; sides must be multiples of 16."""

    def __init__(self, width: int) -> None:
        super().__init__()
        widths = [width * 2**level for level in range(LEVELS + 1)]
        self.down = nn.ModuleList(block(i, o) for i, o in zip([1, *widths], widths, strict=False))
        pairs = list(zip(widths[1:], widths, strict=False))[::-1]
        self.up = nn.ModuleList(block(deep + flat, flat) for deep, flat in pairs)
        self.out = nn.Conv2d(width, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (N, 2, h, w) for (N, 1, h, w)."""
        kept = []
        for level, down in enumerate(self.down):
            x = down(x if level == 0 else F.max_pool2d(x, 2))
            kept.append(x)
        for up, skip in zip(self.up, kept[-2::-1], strict=True):
            x = up(torch.cat([F.interpolate(x, scale_factor=2), skip], 1))
        return self.out(x)


class L2UNet(Colorizer, nn.Module):
    """The mean of all colourings: what least squares asks for, and why it is pale."""

    Config = L2UNetConfig
    deterministic = True

    def __init__(self, config: L2UNetConfig | None = None) -> None:
        super().__init__(config)
        self.net = UNet(self.config.width)

    def colorize(self, gray: Tensor, options) -> Tensor:
        """Colour at the working size, and bring the colour up along the drawing's edges."""
        small = color.resize_area(gray, (self.config.size, self.config.size))
        rgb = color.recombine(gray, color.guided_upsample(self.chroma(small), gray))
        return rgb[:, None].expand(-1, options.samples, -1, -1, -1)

    def chroma(self, small: Tensor) -> Tensor:
        """Return chroma (N, 2, h, w) for grey (N, 1, h, w)."""
        return 0.2 * self.net(small - 0.5).float()

    def stages(self) -> Sequence[Stage]:
        """Return the only stage."""
        from colorzoo_l2_unet.training import Fit

        return [Fit(self)]
