"""cgan: a conditional GAN for pages of comics and manga."""

from __future__ import annotations

from colorzoo.core import Entry, hookimpl


@hookimpl
def register_colorizers() -> list[Entry]:
    """Announce the colorizer."""
    summary = "conditional GAN for pages of comics and manga"
    return [Entry("cgan", "colorzoo.plugins.cgan.model:CGan", summary)]
