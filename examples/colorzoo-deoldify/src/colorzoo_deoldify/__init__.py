"""DeOldify's generators: what colorzoo is told. Nothing heavy is imported here."""

from pathlib import Path

from colorzoo.core import Entry, hookimpl

colorzoo_api = "1"


@hookimpl
def register_colorizers():
    """Announce the colorizer."""
    summary = "DeOldify: old photos and films, a U-Net that was trained with a critic"
    return [Entry("deoldify", "colorzoo_deoldify.model:DeOldify", summary)]


@hookimpl
def register_weights():
    """Announce where the author's weights are."""
    return [Path(__file__).with_name("weights.toml")]
