"""Measure whether the pages of a chapter agree, before and after they are made to.

    python -m bench.chapter --data pages:comics/peppercarrot --splits val test -o docs/results/chapter

Spread: the artist's colours of a chapter are clustered into palette entries; for every entry, the mean
colour that a colorizer gives to its pixels is taken page by page, and its deviation over the pages is
measured in levels of RGB (0 to 255), pages weighted by how much of the entry they show. The mean over
entries by area is the spread: what has one colour for the artist should have one colour in the
prediction. As grey has no spread at all, mean chroma and error stand beside it, and a control: the
prediction made as pale as the pages that agree.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

import colorzoo
from bench.reference import SIDE, chapters, pixels
from colorzoo.core.guidance.chapter import agreed, table_of_pages
from colorzoo.core.guidance.palette import palette_of_pictures
from colorzoo.core.imaging import color
from colorzoo.jobs.datasets import open_dataset

ENTRIES, LEAST = 12, 0.01
"""Of a page's pixels: fewer of an entry are not counted."""
Colored = Sequence[tuple[Tensor, Tensor]]  # luma (1, h, w) and chroma (2, h, w) of every page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", default="cgan")
    parser.add_argument("--splits", nargs="+", default=["val"])
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = colorzoo.load(options.model)
    rows = []
    for split in options.splits:
        pages = open_dataset(options.data, split)
        for chapter in chapters(pages.ids()):
            truth = [pixels(pages, index) for index in chapter]
            name = pages.ids()[chapter[0]].rpartition("/")[0]
            rows.append({"split": split, "chapter": name, "pages": len(truth), **measured(model, truth)})
            print(rows[-1], flush=True)
    result = {"colorzoo": colorzoo.__version__, "data": options.data, "model": options.model, "rows": rows}
    options.out.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    options.out.with_suffix(".md").write_text(markdown(result))
    print(markdown(result))


def measured(model: colorzoo.Colorizer, truth: Sequence[Tensor]) -> dict[str, dict[str, float]]:
    """Return spread, mean chroma and error of the pages alone, paler, and agreeing."""
    with torch.inference_mode():
        alone = [(color.luma(p), color.chroma(model(color.luma(p)[None])[0, 0])) for p in truth]
    table = table_of_pages(alone)
    together = [(luma, agreed(chroma, luma, table)) for luma, chroma in alone]
    share = strength(together) / strength(alone)
    paler = [(luma, share * chroma) for luma, chroma in alone]
    entry = entries(truth)
    return {
        name: {
            "spread": spread(pages, entry),
            "chroma": 255 * strength(pages),
            "error": error(pages, truth),
        }
        for name, pages in (("alone", alone), ("paler", paler), ("agreeing", together))
    }


def entries(truth: Sequence[Tensor]) -> list[Tensor]:
    """Return, for every page, the palette entry (h, w) that each pixel has for the artist."""
    centers = color.lab(palette_of_pictures(truth, ENTRIES).colors.T[..., None])[..., 0].T
    return [
        torch.cdist(color.lab(page).flatten(1).T, centers).argmin(1).view(page.shape[-2:]) for page in truth
    ]


def spread(pages: Colored, entry: Sequence[Tensor]) -> float:
    """Return the deviation over pages of the mean colour of a palette entry, over the entries by area."""
    total = weight = 0.0
    for number in range(int(max(e.max() for e in entry)) + 1):
        shown = [(e == number) for e in entry]
        areas = torch.tensor([float(m.float().mean()) for m in shown])
        usable = areas >= LEAST
        if int(usable.sum()) < 2:
            continue
        means = torch.stack([offset(chroma)[:, mask].mean(1) for (_, chroma), mask, use
                             in zip(pages, shown, usable, strict=True) if use])  # fmt: skip
        share = areas[usable] / areas[usable].sum()
        variance = (share[:, None] * (means - share @ means) ** 2).sum()
        total += float(areas[usable].sum()) * float(variance.sqrt())
        weight += float(areas[usable].sum())
    return total / weight


def offset(chroma: Tensor) -> Tensor:
    """Return what chroma adds to grey, in levels of RGB (3, h, w)."""
    return 255 * color.chroma_to_rgb_offset(chroma)


def strength(pages: Colored) -> float:
    return float(torch.stack([chroma.norm(dim=0).mean() for _, chroma in pages]).mean())


def error(pages: Colored, truth: Sequence[Tensor]) -> float:
    errors = [(255 * (color.recombine(*p) - t)).square().mean() for p, t in zip(pages, truth, strict=True)]
    return float(torch.stack(errors).mean())


def markdown(result: Mapping) -> str:
    lines = [
        f"`{result['model']}` on {result['data']}, longest side {SIDE}, {ENTRIES} palette entries a "
        "chapter. Spread: deviation of an entry's mean colour over the pages, levels of RGB; chroma: mean, "
        "0 to 255; error: mean squared, 0-255 RGB.",
        "",
        "| chapter | pages | spread alone | as pale | agreeing | of alone | chroma alone | agreeing "
        "| error alone | agreeing |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        alone, together = row["alone"], row["agreeing"]
        numbers = [f"{row[way]['spread']:.1f}" for way in ("alone", "paler", "agreeing")]
        numbers.append(f"{together['spread'] / alone['spread']:.2f}")
        numbers += [f"{way['chroma']:.1f}" for way in (alone, together)]
        numbers += [f"{way['error']:.0f}" for way in (alone, together)]
        lines.append(f"| {row['chapter']} ({row['split']}) | {row['pages']} | {' | '.join(numbers)} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
