"""Pages of manga by the network of manga-colorization-v2. Nothing heavy is imported here."""

from colorzoo.core import Entry, hookimpl

colorzoo_api = "1"


@hookimpl
def register_colorizers():
    """Announce the colorizer."""
    summary = "manga-colorization-v2: pages of manga, with hints; the weights are yours to bring"
    return [Entry("manga-v2", "colorzoo_manga_v2.model:MangaV2", summary)]
