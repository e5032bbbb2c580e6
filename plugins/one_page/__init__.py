"""one-page: a colorizer that one coloured page, or a few crops of a character, teach in minutes."""

from __future__ import annotations

from colorzoo.core import Entry, hookimpl


@hookimpl
def register_colorizers() -> list[Entry]:
    """Announce the colorizer."""
    summary = "colours of one coloured page, taught in minutes, for the rest of the series"
    return [Entry("one-page", "colorzoo.plugins.one_page.model:OnePage", summary)]
