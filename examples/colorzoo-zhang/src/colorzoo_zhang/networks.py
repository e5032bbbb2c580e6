"""The two networks, under the names of their releases: lightness in, ab out, in units of CIE Lab.

Written from Zhang, Isola, Efros, *Colorful Image Colorization* (ECCV 2016, arXiv:1603.08511, section 2 and
the table of its supplement) and Zhang et al., *Real-Time User-Guided Image Colorization with Learned Deep
Priors* (SIGGRAPH 2017, arXiv:1705.02999, figure 4). Parameters have the names that both have in
github.com/richzhang/colorization.
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BINS, CLASSES = 313, 529
"""Quantised colours: those within the gamut (2016), and all of the grid (2017)."""
AB_RANGE = 110.0
"""The ab that a value of 1 stands for, in what the networks take and give."""


def normalized(lightness: Tensor) -> Tensor:
    """Return L from 0 to 100 as the networks take it, from -0.5 to 0.5."""
    return (lightness - 50) / 100


def block(*channels: int, dilation: int = 1, stride: int = 1) -> nn.Sequential:
    """Return 3x3 convolutions with ReLU through so many channels, the last with a stride, and a norm."""
    layers: list[nn.Module] = []
    pairs = list(pairwise(channels))
    for index, (inputs, outputs) in enumerate(pairs, start=1):
        step = stride if index == len(pairs) else 1
        layers += [nn.Conv2d(inputs, outputs, 3, step, dilation, dilation), nn.ReLU()]
    return nn.Sequential(*layers, nn.BatchNorm2d(channels[-1]))


def after_sum(*channels: int) -> nn.Sequential:
    """Return the same for what two branches add up to, which has no ReLU yet."""
    return nn.Sequential(nn.ReLU(), *block(*channels))


def doubled(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    """Return a transposed convolution that doubles the sides."""
    return nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)


class Eccv16Network(nn.Module):
    """A distribution over 313 colours for every 4x4 pixels, and its mean."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        w, deep = width, 8 * width
        self.model1 = block(1, w, w, stride=2)
        self.model2 = block(w, 2 * w, 2 * w, stride=2)
        self.model3 = block(2 * w, 4 * w, 4 * w, 4 * w, stride=2)
        self.model4 = block(4 * w, deep, deep, deep)
        self.model5 = block(deep, deep, deep, deep, dilation=2)
        self.model6 = block(deep, deep, deep, deep, dilation=2)
        self.model7 = block(deep, deep, deep, deep)
        up = [doubled(deep, 4 * w), nn.ReLU(), *list(block(4 * w, 4 * w, 4 * w))[:-1]]
        self.model8 = nn.Sequential(*up, nn.Conv2d(4 * w, BINS, 1))
        self.model_out = nn.Conv2d(BINS, 2, 1, bias=False)

    def forward(self, lightness: Tensor, temperature: float = 1.0) -> Tensor:
        """Return ab (N, 2, H, W) for L (N, 1, H, W), sides multiples of 8.

        The release's softmax is followed by a convolution without bias, whose weights act as the colours of
        the bins, over 110. So it is a mean; with another temperature, of the release's scores, equation 5.
        """
        x = normalized(lightness)
        for part in (self.model1, self.model2, self.model3, self.model4):
            x = part(x)
        for part in (self.model5, self.model6, self.model7, self.model8):
            x = part(x)
        mean = self.model_out((x / temperature).softmax(1))
        return AB_RANGE * F.interpolate(mean, scale_factor=4, mode="bilinear", align_corners=False)


class Siggraph17Network(nn.Module):
    """A U-Net on lightness, the ab of hints, and where they are."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        w, deep = width, 8 * width
        self.model1 = block(4, w, w)
        self.model2 = block(w, 2 * w, 2 * w)
        self.model3 = block(2 * w, 4 * w, 4 * w, 4 * w)
        self.model4 = block(4 * w, deep, deep, deep)
        self.model5 = block(deep, deep, deep, deep, dilation=2)
        self.model6 = block(deep, deep, deep, deep, dilation=2)
        self.model7 = block(deep, deep, deep, deep)
        self.model8up = nn.Sequential(doubled(deep, 4 * w))
        self.model8 = after_sum(4 * w, 4 * w, 4 * w)
        self.model9up = nn.Sequential(doubled(4 * w, 2 * w))
        self.model9 = after_sum(2 * w, 2 * w)
        self.model10up = nn.Sequential(doubled(2 * w, 2 * w))
        last = nn.Conv2d(2 * w, 2 * w, 3, 1, 1)
        self.model10 = nn.Sequential(nn.ReLU(), last, nn.LeakyReLU(0.2))
        self.model3short8 = nn.Sequential(nn.Conv2d(4 * w, 4 * w, 3, 1, 1))
        self.model2short9 = nn.Sequential(nn.Conv2d(2 * w, 2 * w, 3, 1, 1))
        self.model1short10 = nn.Sequential(nn.Conv2d(w, 2 * w, 3, 1, 1))
        self.model_class = nn.Sequential(nn.Conv2d(4 * w, CLASSES, 1))  # trained with, not asked
        self.model_out = nn.Sequential(nn.Conv2d(2 * w, 2, 1), nn.Tanh())

    def forward(self, lightness: Tensor, hints: Tensor, mask: Tensor) -> Tensor:
        """Return ab (N, 2, H, W) for L (N, 1, H, W), the ab of hints (N, 2, H, W) and where they are, 1.

        Sides are multiples of 8. Hints are 0 where the mask is.
        """
        full = self.model1(torch.cat([normalized(lightness), hints / AB_RANGE, mask], 1))
        half = self.model2(full[..., ::2, ::2])
        quarter = self.model3(half[..., ::2, ::2])
        deep = self.model4(quarter[..., ::2, ::2])
        deep = self.model7(self.model6(self.model5(deep)))
        x = self.model8(self.model8up(deep) + self.model3short8(quarter))
        x = self.model9(self.model9up(x) + self.model2short9(half))
        x = self.model10(self.model10up(x) + self.model1short10(full))
        return AB_RANGE * self.model_out(x)
