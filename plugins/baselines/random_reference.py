"""The baseline that borrows colours: those of random training pictures."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from colorzoo.core.config import RunOptions
from colorzoo.core.devices import seeded_generator
from colorzoo.core.imaging import color
from colorzoo.plugins.baselines.fitted import Fitted, pixels


class RandomReference(Fitted):
    """Give the chroma of random training pictures: all the diversity there is, and no understanding."""

    def colorize(self, gray: Tensor, options: RunOptions) -> Tensor:
        train = self.context.train(self.config.size)
        generator = seeded_generator(options.seed)
        chosen = [int(torch.randint(len(train), (), generator=generator)) for _ in range(options.samples)]
        fields = color.chroma(pixels(np.stack([train.images[index] for index in chosen]))).to(gray)
        fields = color.resize_area(fields, (gray.shape[-2], gray.shape[-1]))
        return color.recombine(gray[:, None], fields[None])
