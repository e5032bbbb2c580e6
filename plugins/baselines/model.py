"""The controls. A comparison fits them on the training pictures by `fit_baseline`; nothing is trained."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from colorzoo.core.config import ColorizerConfig, RunOptions
from colorzoo.core.errors import PluginError
from colorzoo.core.imaging import color
from colorzoo.core.imaging.image_io import Pixels
from colorzoo.core.interfaces.colorizer import Colorizer, EvaluationContext
from colorzoo.plugins.baselines.config import ByLumaConfig, FittedConfig

BATCH = 100
"""Training pictures looked at together."""


class Grey(Colorizer):
    """Give back the grey picture. Squared error alone rewards it."""

    deterministic = True

    def colorize(self, gray: Tensor, options: RunOptions) -> Tensor:
        return gray[:, None].expand(-1, options.samples, 3, -1, -1)


class Fitted(Colorizer):
    """Base of the controls that need to know the training pictures."""

    Config = FittedConfig

    def __init__(self, config: ColorizerConfig | None = None) -> None:
        super().__init__(config)
        self.config: FittedConfig
        self._exam: EvaluationContext | None = None

    def fit_baseline(self, context: EvaluationContext) -> None:
        self._exam = context

    @property
    def context(self) -> EvaluationContext:
        """What the comparison offers; without one a control has nothing to say."""
        if self._exam is None:
            raise PluginError(
                f"{type(self).__name__} is a control: only `colorzoo compare` shows it pictures"
            )
        return self._exam

    def batches(self) -> Iterator[Tensor]:
        """Yield training pictures, sRGB (N, 3, size, size): runs of neighbours, spread over all.

        Runs, because reading a mapped picture brings its neighbours into memory anyway.
        """
        train = self.context.train(self.config.size)
        runs = -(-min(len(train), self.config.pictures) // BATCH)
        for start in np.linspace(0, max(0, len(train) - BATCH), runs).round().astype(int):
            yield pixels(train.images[start : start + BATCH])


class MeanChroma(Fitted):
    """Give every picture the mean chroma field of the training pictures, place by place."""

    deterministic = True

    @cached_property
    def field(self) -> Tensor:
        """The mean chroma (2, size, size)."""
        sums = [(color.chroma(batch).double().sum(0), len(batch)) for batch in self.batches()]
        return (sum(total for total, _ in sums) / sum(count for _, count in sums)).float()  # type: ignore[union-attr]

    def colorize(self, gray: Tensor, options: RunOptions) -> Tensor:
        field = color.resize_area(self.field[None].to(gray), (gray.shape[-2], gray.shape[-1]))
        colored = color.recombine(gray, field.expand(len(gray), -1, -1, -1))
        return colored[:, None].expand(-1, options.samples, -1, -1, -1)


class ChromaByLuma(Fitted):
    """Give every pixel the mean chroma that the training pictures have at its luma."""

    Config = ByLumaConfig
    deterministic = True

    def __init__(self, config: ColorizerConfig | None = None) -> None:
        super().__init__(config)
        self.config: ByLumaConfig

    @cached_property
    def table(self) -> Tensor:
        """The mean chroma (2, bins) by luma."""
        bins = self.config.bins
        sums, counts = torch.zeros(2, bins, dtype=torch.double), torch.zeros(bins, dtype=torch.double)
        for batch in self.batches():
            place = (color.luma(batch) * bins).long().clamp(0, bins - 1).flatten()
            counts += torch.bincount(place, minlength=bins)
            for row, values in zip(sums, color.chroma(batch).unbind(1), strict=True):
                row += torch.bincount(place, values.double().flatten(), bins)
        return (sums / counts.clamp_min(1)).float()

    def colorize(self, gray: Tensor, options: RunOptions) -> Tensor:
        table = self.table.to(gray)
        place = (gray[:, 0] * self.config.bins - 0.5).clamp(0, self.config.bins - 1)  # between the middles
        low = place.floor().long()
        high = (low + 1).clamp_max(self.config.bins - 1)
        chroma = torch.lerp(table[:, low], table[:, high], (place - low)[None]).transpose(0, 1)
        return color.recombine(gray, chroma)[:, None].expand(-1, options.samples, -1, -1, -1)


class RandomReference(Fitted):
    """Give the chroma of random training pictures: all the diversity there is, and no understanding."""

    def colorize(self, gray: Tensor, options: RunOptions) -> Tensor:
        train = self.context.train(self.config.size)
        generator = torch.Generator()
        generator.manual_seed(options.seed) if options.seed is not None else generator.seed()
        chosen = [int(torch.randint(len(train), (), generator=generator)) for _ in range(options.samples)]
        fields = color.chroma(pixels(np.stack([train.images[index] for index in chosen]))).to(gray)
        fields = color.resize_area(fields, (gray.shape[-2], gray.shape[-1]))
        return color.recombine(gray[:, None], fields[None])


class Oracle(Fitted):
    """Give the true colours: what a perfect answer scores."""

    deterministic = True
    keeps_luma = False
    informed = True

    def colorize(self, gray: Tensor, options: RunOptions) -> Tensor:
        truth = torch.stack([self.context.truth(picture) for picture in gray])
        return truth[:, None].expand(-1, options.samples, -1, -1, -1)


def pixels(images: Pixels) -> Tensor:
    """Convert uint8 (N, H, W, 3) to sRGB (N, 3, H, W) in [0, 1]."""
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float().div_(255)
