"""A U-Net trained by least squares, the baseline: what colorzoo is told. Nothing heavy is imported here."""

from colorzoo.core import Entry, hookimpl

colorzoo_api = "1"


@hookimpl
def register_colorizers():
    """Announce the colorizer."""
    summary = "U-Net by least squares: the mean of all colourings"
    return [Entry("l2-unet", "colorzoo_l2_unet.model:L2UNet", summary)]
