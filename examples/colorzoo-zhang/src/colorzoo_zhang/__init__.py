"""Zhang's colorizers of 2016 and 2017: what colorzoo is told. Nothing heavy is imported here."""

from pathlib import Path

from colorzoo.core import Entry, hookimpl

colorzoo_api = "1"


@hookimpl
def register_colorizers():
    """Announce the colorizers."""
    return [
        Entry("eccv16", "colorzoo_zhang.model:Eccv16", "a choice among 313 colours (Zhang et al. 2016)"),
        Entry("siggraph17", "colorzoo_zhang.model:Siggraph17", "takes hints itself (Zhang et al. 2017)"),
    ]


@hookimpl
def register_weights():
    """Name the published weights."""
    return [Path(__file__).with_name("weights.toml")]
