"""unet: one colouring by regression, the baseline that every sampler should be measured against."""

from __future__ import annotations

from colorzoo.core import Entry, hookimpl


@hookimpl
def register_colorizers() -> list[Entry]:
    """Announce the colorizer."""
    summary = "plain U-Net, least squares: one cautious colouring, the baseline"
    return [Entry("unet", "colorzoo.plugins.unet.model:UNetColorizer", summary)]
