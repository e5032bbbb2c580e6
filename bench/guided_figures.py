"""Draw what palettes, references, chapters and motion do, from pictures of the test split.

    python -m bench.guided_figures reference --data pages:comics/peppercarrot
    python -m bench.guided_figures chapter --data pages:comics/peppercarrot
    python -m bench.guided_figures palette --data natural/photos
    python -m bench.guided_figures flicker --data natural/photos

Nothing is chosen by eye: the first pages of every chapter, the first photos ordered by hash.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import colorzoo
from bench.flicker import colored, photo_clips
from bench.reference import chapters, pixels
from colorzoo.core.guidance.chapter import agreed, table_of_pages
from colorzoo.core.guidance.motion import steadied
from colorzoo.core.guidance.palette import moved_to_palette, palette_of_colors
from colorzoo.core.guidance.palette_files import read_palette
from colorzoo.core.guidance.reference import moved_to_references
from colorzoo.core.imaging import color
from colorzoo.core.imaging.contact_sheet import Cell, contact_sheet
from colorzoo.core.imaging.image_io import Picture, write
from colorzoo.core.interfaces.dataset import Dataset, hash_fraction
from colorzoo.jobs.datasets import open_dataset

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
PALETTES = {
    "autumn": "#5a2d1e,#b5651d,#d9a441,#6b7035,#3b4a5a",
    "sea": "#0d3b4f,#1f7a8c,#9fd3c7,#e8c7a0,#c8553d",
}
Rows = list[list[Cell]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figure", choices=FIGURES)
    parser.add_argument("--data", required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with torch.inference_mode():
        rows = FIGURES[options.figure](options.data)
    sheet = contact_sheet(rows, 240)
    write(PICTURES / f"guided_{options.figure}.jpg", Picture(np.asarray(sheet)), quality=88)


def reference(data: str) -> Rows:
    """Return pages alone, with the next page of their chapter, and with all its other pages."""
    pages = open_dataset(data, "test")
    model = colorzoo.load("cgan")
    rows = []
    for chapter in chapters(pages.ids()):
        page, *others = (pixels(pages, index) for index in chapter[1:])
        luma, alone = predicted(model, page)
        one, several = (moved_to_references(alone, luma, given) for given in (others[:1], others))
        grey = luma.expand(3, -1, -1)
        shown = {"grey": grey, "cgan": color.recombine(luma, alone), "the reference": others[0],
                 "with it": color.recombine(luma, one),
                 "with all other pages": color.recombine(luma, several), "original": page}  # fmt: skip
        rows.append([cell(picture, label) for label, picture in shown.items()])
    return rows


def chapter(data: str) -> Rows:
    """Return the pages of the first chapter, alone and agreeing, and the originals."""
    pages = open_dataset(data, "test")
    model = colorzoo.load("cgan")
    truth = [pixels(pages, index) for index in chapters(pages.ids())[-1][1:7]]
    alone = [predicted(model, page) for page in truth]
    table = table_of_pages(alone)
    return [
        [cell(color.recombine(*page), "cgan") for page in alone],
        [cell(color.recombine(y, agreed(c, y, table)), "agreeing") for y, c in alone],
        [cell(page, "original") for page in truth],
    ]


def palette(data: str) -> Rows:
    """Return photos alone and in two palettes."""
    model = colorzoo.load("vae-mdn")
    rows = []
    for photo in first(open_dataset(data, "test"), 4):
        luma, alone = predicted(model, photo, mode="mean")
        cells = [
            cell(luma.expand(3, -1, -1), "grey"),
            cell(color.recombine(luma, alone), "vae-mdn"),
        ]
        for name, text in PALETTES.items():
            moved = moved_to_palette(alone, luma, palette_of_colors(read_palette(text)))
            cells.append(cell(color.recombine(luma, moved), name))
        rows.append(cells)
    return rows


def flicker(data: str) -> Rows:
    """Return frames of a clip, coloured one by one with a sample each, and carried along the motion."""
    model = colorzoo.load("vae-mdn")
    ((_, clip),) = photo_clips(data, "test", 1)
    luma = [color.luma(frame) for frame in clip]
    own = colored(model, clip, "sample")
    ways = {"frame by frame": own, "carried": list(steadied(zip(luma, own, strict=True)))}
    shown = range(0, len(clip), 5)
    return [
        [cell(color.recombine(luma[n], chroma[n]), f"{name}, frame {n + 1}") for n in shown]
        for name, chroma in ways.items()
    ]


def first(pictures: Dataset, count: int) -> Sequence[Tensor]:
    ids = pictures.ids()
    order = sorted(range(len(ids)), key=lambda index: hash_fraction(ids[index]))
    return [pixels(pictures, index) for index in order[:count]]


def predicted(model: colorzoo.Colorizer, picture: Tensor, **options: object) -> tuple[Tensor, Tensor]:
    luma = color.luma(picture)
    return luma, color.chroma(model(luma[None], **options)[0, 0])


def cell(picture: Tensor, label: str) -> Cell:
    """Return a cell of a picture (3, H, W)."""
    return Cell((255 * picture).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy(), label)


FIGURES: dict[str, Callable[[str], Rows]] = {
    "reference": reference,
    "chapter": chapter,
    "palette": palette,
    "flicker": flicker,
}

if __name__ == "__main__":
    main()
