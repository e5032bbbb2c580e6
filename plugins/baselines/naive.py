"""Baselines that give every picture the same answer: no colour, or the mean of the training pictures."""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from colorzoo.core.config import ColorizerConfig, RunOptions
from colorzoo.core.imaging import color
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.plugins.baselines.config import ByLumaConfig
from colorzoo.plugins.baselines.fitted import Fitted


class Grey(Colorizer):
    """Give back the grey picture. Squared error alone rewards it."""

    deterministic = True

    def colorize(self, gray: Tensor, options: RunOptions) -> Tensor:
        return gray[:, None].expand(-1, 1, 3, -1, -1)


class MeanChroma(Fitted):
    """Give every picture the mean chroma field of the training pictures, position by position."""

    deterministic = True

    @cached_property
    def field(self) -> Tensor:
        """The mean chroma (2, size, size)."""
        sums = [(color.chroma(batch).double().sum(0), len(batch)) for batch in self.batches()]
        return (sum(total for total, _ in sums) / sum(count for _, count in sums)).float()  # type: ignore[union-attr]

    def colorize(self, gray: Tensor, options: RunOptions) -> Tensor:
        field = color.resize_area(self.field[None].to(gray), (gray.shape[-2], gray.shape[-1]))
        return color.recombine(gray, field.expand(len(gray), -1, -1, -1))[:, None]


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
            index = (color.luma(batch) * bins).long().clamp(0, bins - 1).flatten()
            counts += torch.bincount(index, minlength=bins)
            for row, values in zip(sums, color.chroma(batch).unbind(1), strict=True):
                row += torch.bincount(index, values.double().flatten(), bins)
        return (sums / counts.clamp_min(1)).float()

    def colorize(self, gray: Tensor, options: RunOptions) -> Tensor:
        table = self.table.to(gray)
        bins = self.config.bins
        position = (gray[:, 0] * bins - 0.5).clamp(0, bins - 1)  # between the middles of the bins
        low = position.floor().long()
        high = (low + 1).clamp_max(bins - 1)
        chroma = torch.lerp(table[:, low], table[:, high], (position - low)[None]).transpose(0, 1)
        return color.recombine(gray, chroma)[:, None]
