"""vae-mdn: several plausible colourings of one picture."""

from __future__ import annotations

from colorzoo.core import Entry, hookimpl


@hookimpl
def register_colorizers() -> list[Entry]:
    """Announce the colorizer."""
    summary = "variational autoencoder with a mixture density network: several colourings"
    return [Entry("vae-mdn", "colorzoo.plugins.vae_mdn.model:VaeMdn", summary)]
