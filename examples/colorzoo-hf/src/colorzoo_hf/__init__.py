"""Models of elsewhere as colorizers: behind an address, or as a pipeline. Imports nothing heavy."""

from colorzoo.core import Entry, hookimpl

colorzoo_api = "1"


@hookimpl
def register_colorizers():
    """Announce both."""
    http = "a model behind an HTTP address: sends the grey picture there"
    diffusers = "an image-to-image pipeline of diffusers, by its name on the Hub"
    return [
        Entry("http", "colorzoo_hf.http_colorizer:Http", http),
        Entry("diffusers", "colorzoo_hf.diffusers_colorizer:Diffusers", diffusers),
    ]
