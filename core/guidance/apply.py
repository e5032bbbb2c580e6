"""The order in which guidance acts on predicted chroma: what the user points at comes last, and wins."""

from __future__ import annotations

from torch import Tensor

from colorzoo.core.guidance.chapter import agreed
from colorzoo.core.guidance.correspondence import Cells
from colorzoo.core.guidance.flat_regions import flattened_chroma
from colorzoo.core.guidance.hints import hinted
from colorzoo.core.guidance.palette import moved_to_palette, palette_of_colors
from colorzoo.core.guidance.reference import moved_to_references
from colorzoo.core.guidance.styles import styled
from colorzoo.core.interfaces.guidance import Guidance

POINTWISE = frozenset({"strength", "style"})
"""Fields that need no neighbours: they act at any size."""
HINTS = frozenset({"hints", "reach"})
"""Fields that the engine looks at again where a colorizer was given them: the user wins."""
SPATIAL = frozenset({"references", "palette", "flats", "hints"})
"""Fields that act on whole pictures, at a working size."""


def guided(
    chroma: Tensor, gray: Tensor, guidance: Guidance, table: Cells | None = None, *, followed: bool = False
) -> Tensor:
    """Return chroma (K, 2, H, W) of gray (1, 1, H, W) as guidance wants it; hints are in its pixels.

    table: what the pages of a chapter agree on. followed: whether the colorizer was given the hints.
    """
    chroma = styled(chroma, gray, guidance)
    if table is not None:
        chroma = agreed(chroma, gray[0], table)
    if guidance.references:
        chroma = moved_to_references(chroma, gray[0], guidance.references)
    if guidance.palette:
        chroma = moved_to_palette(chroma, gray, palette_of_colors(guidance.palette))
    if guidance.flats:
        chroma = flattened_chroma(chroma, gray)
    return hinted(chroma, gray, guidance, followed=followed)
