"""References: coloured pictures whose colours are wanted where they show the same kind of thing.

Every place of the picture is lent the colours of those places of the references that the trunk finds
alike and that are about as light: a palette and a table from lightness to chroma of its own. How alike
they are is the confidence by which the colorizer's own answer moves there; where nothing is alike nothing
moves. Measured by `python -m bench.reference`, whose settings were chosen on the validation chapters.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from colorzoo.core.guidance.correspondence import (
    SIDE,
    Cells,
    Kernel,
    at_cells,
    brought_up,
    cells_of,
    joined,
    lent_by,
    trunk_features,
)
from colorzoo.core.imaging import color
from colorzoo.core.imaging.image_io import Pixels, resize
from colorzoo.core.interfaces.guidance import picture_digest

CELL, FINE_CELL = 16, 8
"""Sides of the cells of references and of the picture, in pixels at a long side of 512."""
KERNEL = Kernel(temperature=0.05, same_luma=1.0)
UNLIKE, ALIKE = 0.25, 0.6
"""Mean cosine from which on a reference is believed, and that from which on it is believed most."""
MOST = 0.6
"""Of the way to the reference's colour that is gone at most."""
COLORED = 0.01
"""Mean chroma below which a reference is grey, and says nothing about colours."""
KEPT = 32
"""References whose cells are kept for the next picture, 1.3 MB each."""
_kept: dict[str, Cells] = {}


def as_reference(rgb: Pixels) -> Tensor:
    """Return a picture, uint8 (H, W, 3), as a reference: sRGB (3, h, w) in [0, 1], at most `SIDE` long."""
    scale = SIDE / max(rgb.shape[:2])
    if scale < 1:
        rgb = resize(rgb, *(max(1, round(side * scale)) for side in rgb.shape[1::-1]))
    return torch.from_numpy(np.ascontiguousarray(rgb)).permute(2, 0, 1).float() / 255


def moved_to_references(chroma: Tensor, luma: Tensor, references: Sequence[Tensor]) -> Tensor:
    """Return chroma (..., 2, h, w) moved towards that of references (3, H, W), sRGB in [0, 1].

    luma: (1, h, w) in [0, 1], of the picture. References may be of any sizes; grey ones change nothing.
    """
    colored = [reference for reference in references if _is_colored(reference)]
    if not colored:
        return chroma
    return moved_to_cells(chroma, luma, joined([cells_of_reference(one) for one in colored]))


def cells_of_reference(reference: Tensor) -> Cells:
    """Return the cells of a reference (3, H, W), sRGB in [0, 1]; those of the latest ones are kept.

    They are known by the content: what the pictures of a folder are told costs the trunk once.
    """
    digest = picture_digest(reference)
    cells = _kept.pop(digest, None) or cells_of(color.luma(reference), color.chroma(reference), cell=CELL)
    _kept[digest] = cells  # the latest one last
    for oldest in list(_kept)[:-KEPT]:
        _kept.pop(oldest, None)
    return cells


def moved_to_cells(chroma: Tensor, luma: Tensor, cells: Cells) -> Tensor:
    """Return chroma (..., 2, h, w) moved towards that of cells, as far as the trunk finds places alike."""
    features = trunk_features(luma, cell=FINE_CELL)
    lent, similarity = lent_by(cells, features, luma, KERNEL)
    confidence = MOST * ((similarity - UNLIKE) / (ALIKE - UNLIKE)).clamp(0, 1)
    return chroma + brought_up(confidence * (lent - at_cells(chroma, features)), luma).to(chroma)


def _is_colored(reference: Tensor) -> bool:
    return float(color.chroma(reference).norm(dim=0).mean()) > COLORED
