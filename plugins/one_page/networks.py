"""The networks of one-page: cgan's generator as it is, what is taught beside it, and what is remembered."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorzoo.core.blocks import UNet
from colorzoo.core.guidance.correspondence import Cells
from colorzoo.core.trunk.efficientnet import Lite0, load_pretrained

GROWTH = (1, 2, 4, 8, 12)
"""Of the decoder, as cgan has it."""


class General(nn.Module):
    """A decoder on EfficientNet-Lite0; the names of its tensors are those of cgan's generator."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.trunk = load_pretrained(Lite0())
        self.net = UNet(Lite0.widths, 2, width, GROWTH)

    def train(self, mode: bool = True) -> General:
        """Stay as it is: nothing of it is taught."""
        return super().train(False)

    def forward(self, gray: Tensor) -> list[Tensor]:
        """Return the trunk's features, finest first, and a field (N, 2, H / 2, W / 2), of (N, 1, H, W)."""
        features = self.trunk(gray)
        return [*features, self.net.field(self.net.encode(features))]


class Taught(nn.Module):
    """What is added to a field: from features place by place, of all sizes (Larsson et al. 2016).

    It begins with adding nothing.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.levels = nn.ModuleList(nn.Conv2d(channels, hidden, 1) for channels in Lite0.widths)
        self.field = nn.Conv2d(3, hidden, 1)
        last = nn.Conv2d(hidden, 2, 1)
        self.rest = nn.Sequential(nn.ReLU(), nn.Conv2d(hidden, hidden, 1), nn.ReLU(), last)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)  # type: ignore[arg-type]

    def forward(self, features: list[Tensor], field: Tensor, gray: Tensor) -> Tensor:
        """Return (N, 2, h, w) for features, a field of that size, and the grey (N, 1, 2h, 2w) of both."""
        x = self.field(torch.cat([field, 2 * F.avg_pool2d(gray, 2) - 1], 1))
        for level, feature in zip(self.levels, features, strict=True):
            x = x + F.interpolate(level(feature), field.shape[-2:], mode="bilinear", align_corners=False)
        return self.rest(x).float()  # type: ignore[no-any-return]


class Memory(nn.Module):
    """Places of the teaching pictures: the latest of many crops, hence a fair draw of them."""

    features: Tensor
    luma: Tensor
    chroma: Tensor
    written: Tensor

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        for name, channels in (("features", Lite0.widths[-1]), ("luma", 1), ("chroma", 2)):
            self.register_buffer(name, torch.zeros(size, channels))
        self.register_buffer("written", torch.zeros((), dtype=torch.int64))

    def write(self, features: Tensor, luma: Tensor, chroma: Tensor) -> None:
        """Remember places: features (N, 320) of length 1, luma (N, 1), chroma (N, 2)."""
        at = (int(self.written) + torch.arange(len(features), device=features.device)) % self.size
        self.features[at], self.luma[at], self.chroma[at] = features, luma, chroma
        self.written += len(features)

    def cells(self) -> Cells | None:
        """Return what is remembered, on the CPU as all cells are, None where nothing is."""
        count = min(int(self.written), self.size)
        if not count:
            return None
        planes = (self.features, self.luma, self.chroma)
        features, luma, chroma = (plane[:count].float().cpu() for plane in planes)
        return Cells(features, luma, chroma, torch.full((count,), 1 / count))
