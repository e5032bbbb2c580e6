"""DDColor (Kang et al., ICCV 2023): what colorzoo is told. Nothing heavy is imported here."""

from pathlib import Path

from colorzoo.core import Entry, hookimpl

colorzoo_api = "1"


@hookimpl
def register_colorizers():
    """Announce the colorizer."""
    summary = "photos by ConvNeXt features and a hundred colour queries (Kang et al. 2023)"
    return [Entry("ddcolor", "colorzoo_ddcolor.model:DDColor", summary)]


@hookimpl
def register_weights():
    """Announce the authors' weights."""
    return [Path(__file__).with_name("weights.toml")]
