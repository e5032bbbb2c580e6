"""The only stage of one-page: crops of the teaching pictures, of many sizes and lightnesses."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorzoo.core.guidance.correspondence import comparable
from colorzoo.core.imaging import color
from colorzoo.core.imaging.line_art import line_art, screentone
from colorzoo.core.interfaces.stage import Batch, Stage
from colorzoo.core.trunk.efficientnet import Lite0

if TYPE_CHECKING:
    from colorzoo.plugins.one_page.model import OnePage

ASPECT = 0.15
"""Deviation of the logarithm of the proportions that are tried: pictures come squashed to squares."""
ABSOLUTE = 100.0
"""Weight of the mean absolute error (Isola et al. 2017)."""
REMEMBERED = 8
"""Places that are remembered of a step."""


class Teaching(Stage):
    """Teach what is added to the general answer; the trunk and cgan's decoder stay."""

    name = "teach"

    def __init__(self, model: OnePage) -> None:
        self.model, self.config, self.settings = model, model.config, model.config.teach
        self.size = model.config.size
        self.networks: Mapping[str, nn.Module] = {"taught": model.taught}

    def augment(self, batch: Batch) -> Batch:
        chosen = batch.color[torch.randint(len(batch), (self.config.crops,))]
        crops = super().augment(Batch.of(self._cropped(chosen)))
        return Batch(crops.color, self._redrawn(crops.gray))

    def losses(self, network: str, batch: Batch) -> dict[str, Tensor]:
        with torch.no_grad():
            *features, raw = (x.float() for x in self.model.general(batch.gray))
        field = self.config.gain * raw
        target = F.avg_pool2d(color.chroma(batch.color), 2)
        if torch.is_grad_enabled():
            self._remember(features[-1], batch)
        answer = self.model.chroma_of(field + self.model.taught(features, field, batch.gray))
        return {"absolute": ABSOLUTE * color.chroma_to_rgb_offset(answer - target).abs().mean()}

    def _cropped(self, pictures: Tensor) -> Tensor:
        """Return the same part of pictures (N, 3, S, S), at a random size and nearly random proportions."""
        low, high = math.log(self.config.smallest), math.log(self.config.largest)
        scale = self.size * math.exp(low + (high - low) * float(torch.rand(())))
        aspect = math.exp(ASPECT * float(torch.randn(())))
        size = [Lite0.cell * max(1, round(scale * a / Lite0.cell)) for a in (aspect, 1 / aspect)]
        whole = color.resize_area(pictures, (size[0], size[1]))
        height, width = (min(side, self.config.crop_side) for side in size)
        top = int(torch.randint(size[0] - height + 1, ()))
        left = int(torch.randint(size[1] - width + 1, ()))
        return whole[..., top : top + height, left : left + width]

    def _redrawn(self, gray: Tensor) -> Tensor:
        """Return the crops lighter or darker, and some as line art or screentone."""
        exponent, drawn = torch.rand(2, len(gray), 1, 1, 1).to(gray)
        gray = gray ** (self.config.gamma ** (2 * exponent - 1))
        toned = torch.where(drawn < 2 * self.config.toned, screentone(gray), gray)
        return torch.where(drawn < self.config.toned, line_art(gray), toned)

    @torch.no_grad()
    def _remember(self, raw: Tensor, batch: Batch) -> None:
        """Write a few places of the crops into the memory."""
        features = torch.stack([comparable(one) for one in raw])
        planes = (features, batch.gray, color.chroma(batch.color))
        size = (raw.shape[-2], raw.shape[-1])
        rows = [color.resize_area(x, size).permute(0, 2, 3, 1).flatten(0, 2) for x in planes]
        chosen = torch.randperm(len(rows[0]))[:REMEMBERED]
        self.model.memory.write(*(row[chosen] for row in rows))
