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
from colorzoo.core.imaging import color
from colorzoo.jobs.datasets import open_dataset
from colorzoo.plugins.metrics.agreement import ENTRIES, entries, spread

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
            "spread": spread((chroma for _, chroma in pages), entry),
            "chroma": 255 * strength(pages),
            "error": error(pages, truth),
        }
        for name, pages in (("alone", alone), ("paler", paler), ("agreeing", together))
    }


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
