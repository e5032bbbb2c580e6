"""The only stage of the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch.nn.functional as F
from torch import Tensor, nn

from colorzoo.core.imaging import color
from colorzoo.core.interfaces.stage import Batch, Stage

if TYPE_CHECKING:
    from colorzoo.plugins.unet.model import UNetColorizer


class Regression(Stage):
    """Minimise the squared error in RGB."""

    name = "fit"

    def __init__(self, model: UNetColorizer) -> None:
        self.model, self.settings, self.size = model, model.config.fit, model.config.size
        self.networks: Mapping[str, nn.Module] = {"net": model.net}

    def losses(self, network: str, batch: Batch) -> dict[str, Tensor]:
        field = self.model.field(batch.gray)
        shrink = batch.gray.shape[-1] // field.shape[-1]
        difference = color.chroma_to_rgb_offset(field - F.avg_pool2d(color.chroma(batch.color), shrink))
        return {"mse255": 255**2 * difference.square().mean()}
