"""The last stage of vae-mdn: what hints say, on simulated ones, over answers that the others have left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from colorzoo.core.guidance.simulated_hints import simulated_answers
from colorzoo.core.imaging import color
from colorzoo.core.interfaces.stage import Batch, Stage, StageConfig
from colorzoo.plugins.vae_mdn.config import VaeMdnOptions
from colorzoo.plugins.vae_mdn.networks import enlarged
from colorzoo.plugins.vae_mdn.training import aged

if TYPE_CHECKING:
    from colorzoo.plugins.vae_mdn.model import VaeMdn

MARGIN = 5 / 3
"""How much larger the pictures are than the working size, to which what is learned from is cropped."""
SQUARED = 600
"""Weight of the mean squared error."""


class Hinting(Stage):
    """Train the hint network on simulated hints; the rest stays, so answers without hints do.

    Of each picture it learns from the mean colouring and a sample, under hints of their own.
    """

    name = "hints"

    def __init__(self, model: VaeMdn, settings: StageConfig) -> None:
        assert model.hints is not None  # the configuration sees to it
        self.model, self.config, self.settings = model, model.config, settings
        self.size = round(MARGIN * model.config.size)
        self.network, self.networks = model.hints, {self.name: model.hints}

    def augment(self, batch: Batch) -> Batch:
        mirrored = super().augment(batch)
        return Batch(mirrored.color, aged(mirrored.gray, self.config.aged))

    def losses(self, network: str, batch: Batch) -> dict[str, Tensor]:
        features, answer, known, real = self._known(batch)
        difference = answer + self.network(features, known) - real
        return {"squared": SQUARED * color.chroma_to_rgb_offset(difference).square().mean()}

    @torch.no_grad()
    def _known(self, batch: Batch) -> tuple[list[Tensor], Tensor, Tensor, Tensor]:
        """Return the trunk's features, the engine's answers, what is known of hints, and the true chroma.

        They are of a crop at half the size of the batch's pictures: chroma is found at that of the grey
        that the colorizer is given, which the trunk looks at enlarged.
        """
        assert self.model.trunk is not None  # the configuration sees to it
        side = self.config.size // 2
        gray, answers = F.avg_pool2d(batch.gray, 2), self._answers(batch.gray)
        top, left = (int(torch.randint(0, length - side + 1, ())) for length in gray.shape[-2:])
        gray, answers = (x[..., top : top + side, left : left + side] for x in (gray, answers))
        rgb = batch.color[..., 2 * top : 2 * (top + side), 2 * left : 2 * (left + side)]
        features = [_twice(level) for level in self.model.trunk(enlarged(gray))]
        answer, known = simulated_answers(answers, _twice(gray), _twice(rgb))
        return features, answer, known, _twice(F.avg_pool2d(color.chroma(rgb), 2))

    def _answers(self, gray: Tensor) -> Tensor:
        """Return chroma (2 N, 2, H / 2, W / 2): the mean colourings, then a sample of each picture."""
        seen = self.model.see(color.resize_area(gray, (self.config.size, self.config.size)))
        options = VaeMdnOptions(samples=1, seed=int(torch.randint(0, 2**31, ())))
        mean = self.model.mean_of(seen, options.model_copy(update={"mode": "mean"}))
        sample = self.model.decode(seen, self.model.embeddings(seen, options))
        return color.guided_upsample(torch.cat([mean, sample])[:, 0], _twice(F.avg_pool2d(gray, 2)))


def _twice(x: Tensor) -> Tensor:
    return x.repeat(2, 1, 1, 1)
