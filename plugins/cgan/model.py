"""The colorizer: page to colour field at working size, and back to the full page."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorzoo.core.config import RunOptions
from colorzoo.core.imaging import color
from colorzoo.core.inference.hint_taking import TakesHints
from colorzoo.core.inference.optimize import OptimizedCopy
from colorzoo.core.inference.tiling import tiled
from colorzoo.core.interfaces.capabilities import Capabilities
from colorzoo.core.interfaces.chroma_colorizer import Size
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.core.interfaces.stage import Stage
from colorzoo.plugins.cgan.color_grid import expected
from colorzoo.plugins.cgan.config import CGanConfig, CGanOptions
from colorzoo.plugins.cgan.flats import under_ink
from colorzoo.plugins.cgan.networks import OnTrunk, generator

CHROMA_SCALE = 0.2
"""The chroma that an output of 1 stands for."""
TILE = 1024
"""Side of the section of a page that is computed at once, in working pixels; bounds the memory."""


class CGan(TakesHints, nn.Module):
    """Conditional GAN (4.2): a generator from grey page to colours."""

    Config = CGanConfig
    Options = CGanOptions
    capabilities = Capabilities(domains=("painted", "inked"), paper=True)
    deterministic = True

    def __init__(self, config: CGanConfig | None = None) -> None:
        super().__init__(config)
        self.config: CGanConfig
        self.keeps_luma = self.config.space == "chroma"
        self.generator = generator(self.config)
        self._fast = OptimizedCopy(narrow=self.generator.cell)
        self.add_hint_network(self.config.hint_width)

    def stages(self) -> Sequence[Stage]:
        """Return the configured stages: both networks against each other, then hints."""
        from colorzoo.plugins.cgan.training import stages

        return stages(self)

    def working_size(self, size: Size, options: RunOptions) -> Size:
        assert isinstance(options, CGanOptions)
        return _working_size(size, self.config.side if options.side is None else options.side)

    def chroma(self, small: Tensor, options: RunOptions) -> Tensor:
        return torch.cat([self._field(page[None]) for page in small])[:, None]

    def guided_chroma(self, small: Tensor, options: RunOptions, guidance: Sequence[Guidance]) -> Tensor:
        fields = [self._guided_field(page[None], told) for page, told in zip(small, guidance, strict=True)]
        return torch.cat(fields)[:, None]

    def colorize(self, gray: Tensor, options: RunOptions) -> Tensor:
        assert isinstance(options, CGanOptions)
        colored = super().colorize(gray, options)
        if self.config.space != "flats":
            return colored
        inked = [
            under_ink(flats, page, closed=options.regions)
            for flats, page in zip(colored[:, 0], gray, strict=True)
        ]
        return torch.stack(inked)[:, None].expand(-1, options.samples, -1, -1, -1)

    def field(self, raw: Tensor) -> Tensor:
        """Return chroma or RGB from the generator's output."""
        if self.config.color_levels:
            return expected(raw, self.config.color_levels, self.config.temperature)
        return CHROMA_SCALE * raw if self.config.space == "chroma" else raw.sigmoid()

    def _field(self, gray: Tensor) -> Tensor:
        """Return the field of a page at working size, its chroma multiplied by the configured gain."""
        net, gain = self.generator, self.config.gain
        field = tiled(
            lambda section: self.field(self._fast(net, section).float()),
            gray, cell=net.cell, scale=net.scale, reach=net.reach, tile=TILE,
        )  # fmt: skip
        if self.config.space == "chroma" or gain == 1:
            return gain * field
        return color.recombine(color.luma(field), gain * color.chroma(field))

    def _guided_field(self, gray: Tensor, guidance: Guidance) -> Tensor:
        """Return the field of a page at working size under hints in its pixels."""
        field, net = self._field(gray), self.generator
        if not isinstance(net, OnTrunk):
            return field
        return self.hinted(net.trunk, gray, F.avg_pool2d(gray, net.scale), field, guidance)


def _working_size(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Return even sides with the page's proportions, the longer one at most `side`; 0: as it is."""
    scale = min(1.0, side / max(size)) if side else 1.0
    height, width = (2 * max(1, round(scale * length / 2)) for length in size)
    return height, width
