"""Colorizers that have not learned to see: what every comparison holds the others against."""

from __future__ import annotations

from colorzoo.core import Entry, hookimpl


@hookimpl
def register_colorizers() -> list[Entry]:
    """Announce the baselines."""
    package = "colorzoo.plugins.baselines"
    return [
        Entry("grey", f"{package}.naive:Grey", "no colour at all", baseline=True),
        Entry("mean-chroma", f"{package}.naive:MeanChroma", "mean colour of the training pictures",
              baseline=True),
        Entry("mean-chroma-given-luma", f"{package}.naive:ChromaByLuma", "mean colour of every lightness",
              baseline=True),
        Entry("random-reference", f"{package}.random_reference:RandomReference",
              "colours of random training pictures", baseline=True),
        Entry("oracle", f"{package}.oracle:Oracle", "the true colours: the end of every scale",
              baseline=True),
    ]  # fmt: skip
