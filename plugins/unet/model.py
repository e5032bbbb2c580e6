"""The colorizer: grey picture to its most likely chroma."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from colorzoo.core.blocks import UNet
from colorzoo.core.config import RunOptions
from colorzoo.core.interfaces.capabilities import Capabilities
from colorzoo.core.interfaces.chroma_colorizer import ChromaColorizer, Size
from colorzoo.core.interfaces.stage import Stage
from colorzoo.plugins.unet.config import UNetConfig

CHROMA_SCALE = 0.2
"""The chroma that an output of 1 stands for."""


class UNetColorizer(ChromaColorizer, nn.Module):
    """A U-Net from grey to chroma, trained on squared error in RGB: the mean of all colourings."""

    Config = UNetConfig
    capabilities = Capabilities(max_input_side=256, domains=("face",))
    deterministic = True

    def __init__(self, config: UNetConfig | None = None) -> None:
        super().__init__(config)
        self.config: UNetConfig
        self.net = UNet(1, 2, self.config.width)

    def stages(self) -> Sequence[Stage]:
        """Return the only stage."""
        from colorzoo.plugins.unet.training import Regression

        return [Regression(self)]

    def working_size(self, size: Size, options: RunOptions) -> Size:
        return self.config.size, self.config.size

    def chroma(self, small: Tensor, options: RunOptions) -> Tensor:
        return self.field(small)[:, None]

    def field(self, small: Tensor) -> Tensor:
        """Return chroma (N, 2, size, size) for grey (N, 1, size, size)."""
        return CHROMA_SCALE * self.net(small)  # type: ignore[no-any-return]
