"""The colorizer: grey picture to its most likely chroma."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from colorzoo.core.blocks import UNet
from colorzoo.core.config import RunOptions
from colorzoo.core.interfaces.capabilities import Capabilities
from colorzoo.core.interfaces.chroma_colorizer import ChromaColorizer, Size
from colorzoo.core.interfaces.stage import Stage
from colorzoo.core.trunk.efficientnet import Lite0, load_pretrained
from colorzoo.plugins.unet.config import UNetConfig

CHROMA_SCALE = 0.2
"""The chroma that an output of 1 stands for."""
TRUNK_LEVELS = slice(1, None)
"""Of the trunk's features, those at 1/4 of the picture's side and coarser: colour is smooth."""


class UNetColorizer(ChromaColorizer, nn.Module):
    """A U-Net from grey to chroma, trained on squared error in RGB: the mean of all colourings."""

    Config = UNetConfig
    capabilities = Capabilities(max_input_side=256, domains=("face",))
    deterministic = True

    def __init__(self, config: UNetConfig | None = None) -> None:
        super().__init__(config)
        self.config: UNetConfig
        self.trunk = load_pretrained(Lite0()) if self.config.trunk == "lite0" else None
        inputs = Lite0.widths[TRUNK_LEVELS] if self.trunk else 1
        self.net = UNet(inputs, 2, self.config.width)

    def stages(self) -> Sequence[Stage]:
        """Return the only stage."""
        from colorzoo.plugins.unet.training import Regression

        return [Regression(self)]

    def working_size(self, size: Size, options: RunOptions) -> Size:
        return self.config.size, self.config.size

    def chroma(self, small: Tensor, options: RunOptions) -> Tensor:
        return self.field(small)[:, None]

    def field(self, small: Tensor) -> Tensor:
        """Return chroma (N, 2, side, side) for grey (N, 1, size, size); with a trunk side is size / 4."""
        if self.trunk is None:
            return CHROMA_SCALE * self.net(small)  # type: ignore[no-any-return]
        with torch.no_grad():
            features = self.trunk(small)[TRUNK_LEVELS]
        return CHROMA_SCALE * self.net.field(self.net.encode(features))
