"""Draw the pictures of the documents from real pictures and embedded weights.

    python -m bench.figures faces --data lfw --weights faces
    python -m bench.figures photos --data natural/photos
    python -m bench.figures comics --data pages:comics/peppercarrot
    python -m bench.figures inked --data pages:comics/peppercarrot
    python -m bench.figures drawings --data data/drawings/test/ink
    python -m bench.figures styles --data pages:comics/peppercarrot

Everything shown is from the test split: the first pictures of its ids ordered by hash, not chosen by eye.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from itertools import cycle, groupby
from pathlib import Path
from typing import get_args

import torch

import colorzoo
from bench.inked import inked_page
from colorzoo.core.imaging.contact_sheet import Cell, contact_sheet
from colorzoo.core.imaging.image_io import Picture, Pixels, write
from colorzoo.core.inference.colorize import colorize
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.dataset import Dataset, hash_fraction
from colorzoo.core.interfaces.guidance import Guidance, Style
from colorzoo.jobs.datasets import open_dataset
from colorzoo.plugins.cgan.inking import LINE_PENS, TONE_PENS

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
PENS = [pen for pair in zip(LINE_PENS, TONE_PENS, strict=True) for pen in pair]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figure", choices=FIGURES)
    parser.add_argument("--data", required=True)
    parser.add_argument("--weights", default=None)
    parser.add_argument("-o", "--out", type=Path, default=None)
    options = parser.parse_args()
    torch.set_num_threads(2)
    draw, side, suffix = FIGURES[options.figure]
    rows = draw(open_dataset(options.data, "test"), options.weights)
    out = options.out or PICTURES / f"{options.figure}{suffix}"
    write(out, Picture(contact_sheet(rows, side)))
    print(out)


def faces(test: Dataset, weights: str | None) -> list[list[Cell]]:
    """Show original, grey, mean and five samples of six people."""
    return sampled(chosen(test, 6), weights, 5)


def photos(test: Dataset, weights: str | None) -> list[list[Cell]]:
    """Show original, grey, mean and four samples of ten photos."""
    return sampled(chosen(test, 10), weights, 4)


def sampled(pictures: Sequence[Picture], weights: str | None, count: int) -> list[list[Cell]]:
    model = colorzoo.load("vae-mdn", weights)
    rows = []
    for picture in pictures:
        mean = colorize(model, picture, {"mode": "mean", "seed": 0})[0]
        samples = colorize(model, picture, {"samples": count, "seed": 0})
        cells = [("original", picture.rgb), ("grey", picture.gray), ("mean", mean.rgb)]
        cells += [(f"sample {i}", sample.rgb) for i, sample in enumerate(samples, start=1)]
        rows.append([Cell(image, label) for label, image in cells])
    return rows


def comics(test: Dataset, weights: str | None) -> list[list[Cell]]:
    """Show a page of every held-out chapter: grey, ours and the artist's."""
    model = colorzoo.load("cgan", weights)
    rows = []
    for page in first_of_chapters(test):
        cells = [("grey", page.gray), ("cgan", colorize(model, page)[0].rgb), ("the artist's", page.rgb)]
        rows.append([Cell(image, label) for label, image in cells])
    return rows


def styles(test: Dataset, weights: str | None) -> list[list[Cell]]:
    """Show one held-out page in every style, the upper part of it."""
    model = colorzoo.load("cgan", weights)
    page = first_of_chapters(test)[0]
    page = Picture(page.rgb[: page.rgb.shape[1] * 3 // 4])
    cells = [
        Cell(colorize(model, page, {}, Guidance(style=style))[0].rgb, style) for style in get_args(Style)
    ]
    return [cells[:3], cells[3:]]


def inked(test: Dataset, weights: str | None) -> list[list[Cell]]:
    """Show twenty held-out pages as line art and as screentone, and what becomes of them."""
    model = colorzoo.load("cgan", weights or "inked")
    pages = [inked_page(page.rgb, pen) for page, pen in zip(lowest(test, 20), cycle(PENS), strict=False)]
    return [colored_beside(model, pages[start : start + 4]) for start in range(0, len(pages), 4)]


def drawings(test: Dataset, weights: str | None) -> list[list[Cell]]:
    """Show eight pages of drawings kept apart, and what becomes of them."""
    model = colorzoo.load("cgan", weights or "inked")
    pages = [page.rgb for page in lowest(test, 8)]
    return [colored_beside(model, pages[start : start + 4]) for start in range(0, len(pages), 4)]


def colored_beside(model: Colorizer, pages: Sequence[Pixels]) -> list[Cell]:
    pairs = [((page, "inked"), (colorize(model, Picture(page))[0].rgb, "cgan")) for page in pages]
    return [Cell(image, label) for pair in pairs for image, label in pair]


def lowest(test: Dataset, count: int) -> list[Picture]:
    """Return the pictures whose hashes are the lowest."""
    ids = test.ids()
    order = sorted(range(len(ids)), key=lambda index: hash_fraction(ids[index]))
    return [Picture(test[index].image) for index in order[:count]]


def chosen(test: Dataset, count: int) -> list[Picture]:
    """Return pictures of different folders, in the order of their hashes."""
    ids = test.ids()
    order = sorted(range(len(ids)), key=lambda index: hash_fraction(ids[index]))
    firsts = {ids[index].split("/")[0]: index for index in reversed(order)}
    return [Picture(test[index].image) for index in sorted(firsts.values(), key=order.index)[:count]]


def first_of_chapters(test: Dataset) -> list[Picture]:
    """Return the page of every chapter whose hash is the lowest."""
    ids = test.ids()
    chapters = groupby(range(len(ids)), key=lambda index: ids[index].split("/")[0])
    lowest = (min(pages, key=lambda index: hash_fraction(ids[index])) for _, pages in chapters)
    return [Picture(test[index].image) for index in lowest]


Draw = Callable[[Dataset, str | None], Sequence[Sequence[Cell]]]
FIGURES: dict[str, tuple[Draw, int, str]] = {
    "photos": (photos, 160, ".jpg"),
    "faces": (faces, 150, ".jpg"),
    "comics": (comics, 640, ".jpg"),
    "inked": (inked, 260, ".jpg"),
    "drawings": (drawings, 300, ".jpg"),
    "styles": (styles, 480, ".jpg"),
}


if __name__ == "__main__":
    main()
