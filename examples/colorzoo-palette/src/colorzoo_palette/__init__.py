"""A dataset and a metric about palettes, in one package. Nothing heavy is imported here."""

from colorzoo.core import Entry, hookimpl

colorzoo_api = "1"


@hookimpl
def register_datasets():
    """Announce the dataset; the bare path of a .gpl file means it."""
    summary = "palettes of GIMP as pictures of swatches"
    return [Entry("palettes", "colorzoo_palette.data:Palettes", summary, suffixes=(".gpl",))]


@hookimpl
def register_metrics():
    """Announce the metric."""
    summary = "distance of the colours used, wherever they are"
    return [Entry("palette", "colorzoo_palette.metric:PaletteDistance", summary)]
