"""The second stage of cgan: what hints say, on simulated ones, over the answers that the first has left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from colorzoo.core.guidance.simulated_hints import simulated_answers
from colorzoo.core.imaging import color
from colorzoo.core.interfaces.stage import Batch, StageConfig
from colorzoo.plugins.cgan.networks import OnTrunk
from colorzoo.plugins.cgan.training import OnPages, content_losses, flat_variation

if TYPE_CHECKING:
    from colorzoo.plugins.cgan.model import CGan

DRAWS = 2
"""Sets of hints for each picture of a step: to look at the picture takes longer than to learn from them."""


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
        rgb, chroma = batch.color.repeat(DRAWS, 1, 1, 1), chroma.repeat(DRAWS, 1, 1, 1)
        return [level.repeat(DRAWS, 1, 1, 1) for level in features], *simulated_answers(chroma, gray, rgb)
