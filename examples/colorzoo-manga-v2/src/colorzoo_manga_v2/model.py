"""The colorizer manga-v2: page and hints to the size and range of the network, and its chroma back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorzoo.core import Capabilities, ChromaColorizer, ColorizerConfig, Guidance, color
from colorzoo_manga_v2.config import MangaV2Config, MangaV2Options
from colorzoo_manga_v2.generator import Generator

CELL = 32
"""Sides are padded to multiples of it."""
LYING = 1.5
"""Height of a page that lies, over the width of one that stands."""
LARGEST = 6
"""Most pixels that the network is given, over the square of the input size: four pages in one strip."""
UNUSED = ("to4.", "tunnel1.", "deconv_for_decoder.")
"""What the published weights have for the training alone."""


class MangaV2(ChromaColorizer, nn.Module):
    """manga-colorization-v2 (https://github.com/qweasdd/manga-colorization-v2), written anew.

    It goes back to Golyadkin and Makarov, Semi-automatic Manga Colorization Using Conditional Adversarial
    Networks (AIST 2020). Denoising before it, as published, is left to the user.
    """

    Config = MangaV2Config
    Options = MangaV2Options
    capabilities = Capabilities(takes=frozenset({"hints"}), domains=("inked", "painted"), reentrant=True)
    deterministic = True

    def __init__(self, config: MangaV2Config | None = None) -> None:
        super().__init__(config)
        self.config: MangaV2Config
        self.generator = Generator(self.config.width)

    @classmethod
    def adopt(cls, tensors: Mapping[str, Tensor], config: ColorizerConfig) -> Mapping[str, Tensor]:
        used = {name: tensor for name, tensor in tensors.items() if not name.startswith(UNUSED)}
        return _without_counters({f"generator.{name}": tensor for name, tensor in used.items()})

    def state(self) -> dict[str, Tensor]:
        return _without_counters(super().state())

    def working_size(self, size: tuple[int, int], options: MangaV2Options) -> tuple[int, int]:
        return working_size(size, options.input_size)

    def chroma(self, small: Tensor, options: MangaV2Options) -> Tensor:
        return self.guided_chroma(small, options, [Guidance()] * len(small))

    def guided_chroma(self, small: Tensor, options: MangaV2Options, guidance: Sequence[Guidance]) -> Tensor:
        painted = [self.painted(page[None], told) for page, told in zip(small, guidance, strict=True)]
        return color.chroma(torch.stack(painted))

    def painted(self, page: Tensor, guidance: Guidance) -> Tensor:
        """Return sRGB (1, 3, h, w) in [0, 1] as the network paints a page (1, 1, h, w) under hints."""
        height, width = page.shape[-2:]
        rgb, mask = guidance.hint_map((height, width)).to(page)[None].split((3, 1), 1)
        hints = torch.cat([(2 * rgb - 1) * mask, mask], 1)
        down, right = padding(height, width)
        x = torch.cat([with_paper(page, down, right), F.pad(hints, (0, right, 0, down))], 1)
        return (self.generator(x).float()[..., :height, :width] + 1) / 2


def _without_counters(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return tensors but those that count the steps of batch norms."""
    return {name: tensor for name, tensor in tensors.items() if not name.endswith("num_batches_tracked")}


def working_size(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Return the height and width at which the network sees a page, before it is padded."""
    height, width = size
    if height < width:
        tall = int(LYING * side)
        height, width = tall, math.ceil(width / (height / tall))
    else:
        height, width = math.ceil(height / (width / side)), side
    shrink = min(1.0, (LARGEST * side**2 / (height * width)) ** 0.5)
    return max(1, int(height * shrink)), max(1, int(width * shrink))


def padding(height: int, width: int) -> tuple[int, int]:
    """Return the rows and columns to add; as published, the longer side always gets some."""
    down, right = -height % CELL, -width % CELL
    return (down or CELL, right) if height >= width else (down, right or CELL)


def with_paper(page: Tensor, down: int, right: int) -> Tensor:
    """Return a page (1, 1, H, W) with rows and columns of the brightest of each column and row."""
    taller = torch.cat([page, page.amax(2, keepdim=True).expand(-1, -1, down, -1)], 2)
    return torch.cat([taller, taller.amax(3, keepdim=True).expand(-1, -1, -1, right)], 3)
