"""Measure what a reference does: a page of the same chapter, and ones that do not fit.

    python -m bench.reference --data pages:comics/peppercarrot --splits val test -o docs/results/reference

Every page is coloured by cgan, alone and with one reference: each other page of its chapter in turn,
whose mean error counts; a page of another chapter; a picture of other origin (--strange). Also with all
other pages of its chapter at once. The control moves the same places by the same share towards grey, so
that what the colours of the reference add can be seen. Settings were chosen on val. Writes a Markdown
table and JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import colorzoo
from colorzoo.core.guidance.correspondence import Cells, joined
from colorzoo.core.guidance.reference import cells_of_reference, moved_to_cells
from colorzoo.core.imaging import color
from colorzoo.core.interfaces.dataset import Dataset, hash_fraction
from colorzoo.jobs.datasets import open_dataset

SIDE, DRAWS = 512, 10_000
Errors = Mapping[str, list[float]]


def main() -> None:
    options = arguments()
    torch.set_num_threads(1)
    model = colorzoo.load(options.model)
    strange = [cells_of_reference(picture) for address in options.strange for picture in some(address)]
    parts = []
    for split in options.splits:
        pages = open_dataset(options.data, split)
        errors = measured(model, pages, strange)
        about = {"split": split, "pages": len(pages), "fingerprint": pages.fingerprint}
        parts.append({**about, "rows": rows(errors), "errors": errors})
    result = {"colorzoo": colorzoo.__version__, "data": options.data, "model": options.model,
              "strange": options.strange, "parts": parts}  # fmt: skip
    options.out.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    options.out.with_suffix(".md").write_text(markdown(result))
    print(markdown(result))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", default="cgan")
    parser.add_argument("--splits", nargs="+", default=["val"])
    parser.add_argument("--strange", nargs="+", default=["comics/peppercarrot-art", "natural/cbsd68"])
    parser.add_argument("-o", "--out", type=Path, required=True)
    return parser.parse_args()


def some(address: str, count: int = 4) -> Iterator[Tensor]:
    pictures = open_dataset(address, None)
    for index in range(0, len(pictures), -(-len(pictures) // count)):
        yield pixels(pictures, index)


def pixels(pictures: Dataset, index: int) -> Tensor:
    """Return a picture (3, h, w), sRGB in [0, 1], of a longest side of 512."""
    rgb = torch.from_numpy(pictures[index].image.copy()).permute(2, 0, 1).float() / 255
    scale = min(1.0, SIDE / max(rgb.shape[-2:]))
    size = (round(scale * rgb.shape[-2]), round(scale * rgb.shape[-1]))
    return color.resize_area(rgb[None], size)[0]


def measured(model: colorzoo.Colorizer, pages: Dataset, strange: Sequence[Cells]) -> Errors:
    """Return the squared errors of every page, 0 to 255, by method."""
    ids = pages.ids()
    truth = [pixels(pages, index) for index in range(len(pages))]
    cells = [cells_of_reference(page) for page in truth]
    errors: dict[str, list[float]] = {}
    for index, page in enumerate(truth):
        luma = color.luma(page)
        with torch.inference_mode():
            predicted = color.chroma(model(luma[None])[0, 0])
        answers = {"alone": [predicted], "grey": [0 * predicted]}
        for name, several in references(ids, index, cells, strange).items():
            grey = [one._replace(chroma=0 * one.chroma) for one in several]
            answers[name] = [moved_to_cells(predicted, luma, one) for one in several]
            answers[f"{name}: control"] = [moved_to_cells(predicted, luma, one) for one in grey]
        for name, colored in answers.items():
            squares = [(255 * (color.recombine(luma, c) - page)).square().mean() for c in colored]
            errors.setdefault(name, []).append(float(torch.stack(squares).mean()))
    return errors


def references(
    ids: Sequence[str], index: int, cells: Sequence[Cells], strange: Sequence[Cells]
) -> Mapping[str, Sequence[Cells]]:
    """Return the references of a page, each to be given alone; the strange ones are drawn by its id."""
    (own,) = (chapter for chapter in chapters(ids) if index in chapter)
    mates = [cells[other] for other in own if other != index]
    strangers = [cells[other] for other in range(len(ids)) if other not in own]
    draw = hash_fraction(ids[index])
    return {
        "a page of its chapter": mates,
        "all other pages of its chapter": [joined(mates)],
        "a page of another chapter": [strangers[int(draw * len(strangers))]],
        "a picture of other origin": [strange[int(draw * len(strange))]],
    }


def chapters(ids: Sequence[str]) -> list[list[int]]:
    """Return the indices of the pages of every chapter, in order."""
    ordered = sorted(range(len(ids)), key=lambda index: ids[index])
    return [list(group) for _, group in groupby(ordered, key=lambda index: ids[index].rpartition("/")[0])]


def rows(errors: Errors) -> list[dict]:
    """Return mean error, change against the unguided answer with its interval, and share of wins."""
    alone = np.array(errors["alone"])
    table = []
    for name, values in errors.items():
        change = np.array(values) - alone
        low, high = interval(change)
        table.append({"reference": name, "error": float(np.mean(values)),
                      "change": float(change.mean() / alone.mean()), "low": low / alone.mean(),
                      "high": high / alone.mean(), "better": float((change < 0).mean())})  # fmt: skip
    return table


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the mean."""
    drawn = np.random.default_rng(0).integers(0, len(values), (DRAWS, len(values)))
    low, high = np.percentile(values[drawn].mean(1), [2.5, 97.5])
    return float(low), float(high)


def markdown(result: Mapping) -> str:
    lines = [
        f"`{result['model']}` on {result['data']}, longest side {SIDE}. Error: mean squared, 0-255 RGB. A "
        "control moves the same places by the same share towards grey.",
    ]
    for part in result["parts"]:
        lines += [
            f"\nSplit {part['split']}, {part['pages']} pages, fingerprint `{part['fingerprint'][:16]}`:\n",
            "| reference | error | against alone | 95 % interval | better on |",
            "|---|---|---|---|---|",
        ]
        lines += [
            f"| {row['reference']} | {row['error']:.0f} | {row['change']:+.1%} | {row['low']:+.1%} to "
            f"{row['high']:+.1%} | {row['better']:.0%} |"
            for row in part["rows"]
        ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
