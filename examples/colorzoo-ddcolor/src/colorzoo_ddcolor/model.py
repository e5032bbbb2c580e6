"""The colorizer ddcolor: grey to CIE ab at the size that the network works at."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from colorzoo.core import Capabilities, ChromaColorizer, RunOptions, color
from colorzoo_ddcolor.adoption import adopted
from colorzoo_ddcolor.config import DDColorConfig, DDColorOptions
from colorzoo_ddcolor.lab import rgb_of_lab
from colorzoo_ddcolor.networks import SIZES, Network


class DDColor(ChromaColorizer, nn.Module):
    """Photo-realistic colorization by dual decoders (Kang et al., ICCV 2023)."""

    Config = DDColorConfig
    Options = DDColorOptions
    capabilities = Capabilities(domains=("photo", "face"), reentrant=True)
    deterministic = True

    def __init__(self, config: DDColorConfig | None = None) -> None:
        super().__init__(config)
        self.network = Network(**SIZES[self.config.model_size])

    def working_size(self, size: tuple[int, int], options: RunOptions) -> tuple[int, int]:
        """Return the square that the network looks at, whatever the picture's proportions."""
        return options.input_size, options.input_size

    def chroma(self, small: Tensor, options: RunOptions) -> Tensor:
        """Return chroma (N, 1, 2, h, w) for grey (N, 1, h, w) in [0, 1]."""
        gray = small.expand(-1, 3, -1, -1)
        lightness, ab = color.lab(gray)[:, :1], self.network(gray).float()
        return color.chroma(rgb_of_lab(torch.cat([lightness, ab], 1)))[:, None]

    @classmethod
    def adopt(cls, tensors: Mapping[str, Tensor], config: DDColorConfig) -> Mapping[str, Tensor]:
        """Return the authors' weights under the names of this package."""
        return adopted(tensors)
