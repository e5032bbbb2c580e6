"""What the baselines that look at training pictures share. A comparison fits them; nothing is trained."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from colorzoo.core.config import ColorizerConfig
from colorzoo.core.errors import PluginError
from colorzoo.core.imaging.image_io import Pixels
from colorzoo.core.interfaces.colorizer import Colorizer, EvaluationContext
from colorzoo.plugins.baselines.config import FittedConfig

BATCH = 100
"""Training pictures looked at together."""


class Fitted(Colorizer):
    """Base of the baselines that need to know the training pictures."""

    Config = FittedConfig

    def __init__(self, config: ColorizerConfig | None = None) -> None:
        super().__init__(config)
        self.config: FittedConfig
        self._context: EvaluationContext | None = None

    def fit_baseline(self, context: EvaluationContext) -> None:
        self._context = context

    @property
    def context(self) -> EvaluationContext:
        """What the comparison offers.

        Raises:
            PluginError: there is no comparison.
        """
        if self._context is None:
            raise PluginError(
                f"{type(self).__name__} is a baseline: only `colorzoo compare` shows it pictures"
            )
        return self._context

    def batches(self) -> Iterator[Tensor]:
        """Yield training pictures, sRGB (N, 3, size, size): runs of neighbours, spread over all.

        Runs, because reading a mapped picture brings its neighbours into memory anyway.
        """
        train = self.context.train(self.config.size)
        runs = -(-min(len(train), self.config.pictures) // BATCH)
        for start in np.linspace(0, max(0, len(train) - BATCH), runs).round().astype(int):
            yield pixels(train.images[start : start + BATCH])


def pixels(images: Pixels) -> Tensor:
    """Convert uint8 (N, H, W, 3) to sRGB (N, 3, H, W) in [0, 1]."""
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float().div_(255)
