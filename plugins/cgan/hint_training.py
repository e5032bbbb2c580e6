"""The second stage of cgan: what hints say, on simulated ones, over the answers that the first has left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from colorzoo.core.guidance.hint_network import spread_and_known
from colorzoo.core.guidance.hints import smoothness
from colorzoo.core.guidance.simulated_hints import drawn_hints
from colorzoo.core.imaging import color
from colorzoo.core.interfaces.stage import Batch, StageConfig
from colorzoo.plugins.cgan.networks import OnTrunk
from colorzoo.plugins.cgan.training import OnPages, content_losses, flat_variation

if TYPE_CHECKING:
    from colorzoo.plugins.cgan.model import CGan

TURN, PALEST, DAUB = 0.5, 0.4, 0.03
"""Deviation in radians, least share of the chroma, and deviation of blotches, by which answers are made
worse: on pages that it has learned from the generator is better than it will be."""
DRAWS = 2
"""Sets of hints for each picture of a step: to look at the picture takes longer than to learn from them."""
BLOTCHES = 8
"""Side of the noise that blotches are made of."""


class Hinting(OnPages):
    """Train the hint network on simulated hints; the generator stays, so answers without hints do."""

    name = "hints"

    def __init__(self, model: CGan, settings: StageConfig) -> None:
        super().__init__(model, settings)
        assert model.hints is not None  # the configuration sees to it
        self.network, self.networks = model.hints, {self.name: model.hints}

    def losses(self, network: str, batch: Batch) -> dict[str, Tensor]:
        scale = self.model.generator.scale
        gray = F.avg_pool2d(batch.gray, scale).repeat(DRAWS, 1, 1, 1)
        real = F.avg_pool2d(color.chroma(batch.color), scale).repeat(DRAWS, 1, 1, 1)
        features, answer, known = self._known(batch, gray)
        seen = color.chroma_to_rgb_offset(answer + self.network(features, known))
        losses = content_losses(self.config, seen, color.chroma_to_rgb_offset(real))
        if self.config.smooth_weight:
            losses["smooth"] = self.config.smooth_weight * flat_variation(seen, gray)
        return losses

    @torch.no_grad()
    def _known(self, batch: Batch, gray: Tensor) -> tuple[list[Tensor], Tensor, Tensor]:
        """Return the trunk's features, the engine's answer and what is known of hints, for a batch."""
        generator = self.model.generator
        assert isinstance(generator, OnTrunk)
        features = generator.trunk(batch.gray)
        chroma = self.config.gain * self.model.field(generator.decode(features)).float()
        features = [level.repeat(DRAWS, 1, 1, 1) for level in features]
        chroma = worsened(chroma.repeat(DRAWS, 1, 1, 1))
        hints = drawn_hints(batch.color.repeat(DRAWS, 1, 1, 1))
        planes = F.avg_pool2d(hints.planes, generator.scale)
        size = (gray.shape[-2], gray.shape[-1])
        each = [
            spread_and_known(one[None], light[None], own, smoothness(count, size))
            for one, light, own, count in zip(chroma, gray, planes, hints.counts, strict=True)
        ]
        answer, known = (torch.cat(several) for several in zip(*each, strict=True))
        return features, answer, known.contiguous(memory_format=torch.channels_last)


def worsened(chroma: Tensor) -> Tensor:
    """Return chroma (N, 2, H, W), half of it at random turned, paler and blotchy."""
    chosen, pale = torch.rand(2, len(chroma), 1, 1, 1).to(chroma)
    angle = TURN * torch.randn(len(chroma), 1, 1).to(chroma)
    cb, cr = chroma.unbind(1)
    turned = torch.stack([cb * angle.cos() - cr * angle.sin(), cb * angle.sin() + cr * angle.cos()], 1)
    noise = DAUB * torch.randn(len(chroma), 2, BLOTCHES, BLOTCHES).to(chroma)
    blotches = F.interpolate(noise, size=chroma.shape[-2:], mode="bilinear", align_corners=False)
    return torch.where(chosen < 0.5, turned * (PALEST + (1 - PALEST) * pale) + blotches, chroma)
