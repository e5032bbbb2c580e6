"""Colorizers that have not learned to see: what every comparison holds the others against."""

from __future__ import annotations

from colorzoo.core import Entry, hookimpl


@hookimpl
def register_colorizers() -> list[Entry]:
    """Announce the controls."""
    here = "colorzoo.plugins.baselines.model"
    return [
        Entry("grey", f"{here}:Grey", "no colour at all", control=True),
        Entry("mean-chroma", f"{here}:MeanChroma", "mean colour of the training pictures", control=True),
        Entry("mean-chroma-given-luma", f"{here}:ChromaByLuma", "mean colour of every lightness",
              control=True),
        Entry("random-reference", f"{here}:RandomReference", "colours of random training pictures",
              control=True),
        Entry("oracle", f"{here}:Oracle", "the true colours: the end of every scale", control=True),
    ]  # fmt: skip
