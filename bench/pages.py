"""Measure full pages against the artist's colours: cgan and its controls.

    python -m bench.pages --data pages:comics/peppercarrot --model "cgan=default" -o docs/results/comics

Squared error rewards grey, so colourfulness stands beside it. *On white* is the mean distance of the
highest channel from the lowest, of 255, where the artist left at least WHITE in each. The controls are
fitted on the train split. Held-out chapters and training pages are measured apart. Writes a Markdown
table and JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

import colorzoo
from colorzoo.core.imaging import color
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.inference.colorize import colorize
from colorzoo.core.interfaces.dataset import Dataset
from colorzoo.core.registry import registry
from colorzoo.jobs.datasets import open_dataset, packed_cache

BINS, FITTED_AT = 32, 256
WHITE = 245 / 255
Predictor = Callable[[Picture], Tensor]  # a page to sRGB (3, H, W)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--model", action="append", default=[], help="LABEL=WEIGHTS of cgan")
    parser.add_argument("--splits", nargs="+", default=["test", "train"])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    methods = controls(open_dataset(options.data, "train"))
    for text in options.model:
        label, _, weights = text.partition("=")
        methods[label] = learned(weights)
    result = {"colorzoo": colorzoo.__version__, "parts": []}
    for split in options.splits:
        pages = open_dataset(options.data, split)
        protocol = f"{len(pages)} pictures of {options.data}, split {split}, full size"
        result["parts"].append({"protocol": protocol, **measure(methods, pages)})
        print(markdown(result), flush=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    options.out.with_suffix(".md").write_text(markdown(result))


def controls(train: Dataset) -> dict[str, Predictor]:
    """Return the methods that have not learned to see."""
    pages = (
        torch.from_numpy(packed_cache(train, "squash")(FITTED_AT).images[:]).permute(0, 3, 1, 2).float()
        / 255
    )
    chroma, gray = color.chroma(pages), color.luma(pages)
    mean = chroma.mean((0, 2, 3))[:, None, None]
    bins = (gray * BINS).long().clamp(0, BINS - 1).flatten()
    table = torch.stack([torch.bincount(bins, c.flatten(), BINS) for c in chroma.unbind(1)])
    table = (table / torch.bincount(bins, minlength=BINS).clamp_min(1)).float()

    def by_luma(page: Picture) -> Tensor:
        y = tensor(page.gray)[None]
        return color.recombine(y, table[:, (y[0] * BINS).long().clamp(0, BINS - 1)])

    return {
        "grey copy": lambda page: tensor(page.gray).expand(3, -1, -1),
        "mean chroma": lambda page: color.recombine(
            y := tensor(page.gray)[None], mean.expand(2, *y.shape[1:])
        ),
        "mean chroma given luma": by_luma,
    }


def learned(weights: str) -> Predictor:
    model = colorzoo.load("cgan", weights)
    return lambda page: tensor(colorize(model, page)[0].rgb).permute(2, 0, 1)


def measure(methods: dict[str, Predictor], pages: Dataset) -> dict:
    """Return squared error and colourfulness of every method over the pages."""
    kinds = {name: registry().find("metric", name).load() for name in ("mse255", "colorfulness")}
    found = {method: {name: kind() for name, kind in kinds.items()} for method in methods}
    tints: dict[str, list[float]] = {method: [] for method in methods}
    with torch.inference_mode():
        for sample in pages:
            page = Picture(sample.image)
            truth = tensor(sample.image).permute(2, 0, 1)[None]
            for method, predict in methods.items():
                predicted = predict(page)[None, None]
                for metric in found[method].values():
                    metric.update(predicted, truth)
                tints[method] += tint_of_white(predicted[0], truth)
    rows = []
    for method, own in found.items():
        results = {name: metric.compute() for name, metric in own.items()}
        errors = results["mse255"].per_image
        singles = {"mse255, median page": statistics.median(errors), "mse255, best page": min(errors)}
        singles["on white"] = statistics.mean(tints[method])
        rows.append({"method": method, **{name: r.value for name, r in results.items()}, **singles})
    return {"fingerprint": pages.fingerprint, "rows": rows}


def tint_of_white(predicted: Tensor, truth: Tensor) -> list[float]:
    """Return how colourful (1, 3, H, W) is where the truth is white, of 255; nothing where it never is."""
    white = truth.amin(1) >= WHITE
    span = 255 * (predicted.amax(1) - predicted.amin(1))
    return [float(span[white].mean())] if white.any() else []


def markdown(result: dict) -> str:
    lines = []
    for part in result["parts"]:
        grey = part["rows"][0]["mse255"]
        lines += [
            f"{part['protocol']}, fingerprint `{part['fingerprint'][:16]}`:",
            "",
            "| method | squared error | of grey copy's | colourfulness | median page | best page "
            "| on white |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {row['method']} | {row['mse255']:.0f} | {row['mse255'] / grey:.2f} "
            f"| {row['colorfulness']:.2f} "
            f"| {row['mse255, median page']:.0f} | {row['mse255, best page']:.0f} | {row['on white']:.1f} |"
            for row in part["rows"]
        ]
        lines.append("")
    return "\n".join(lines)


def tensor(pixels) -> Tensor:
    return torch.from_numpy(pixels).float() / 255


if __name__ == "__main__":
    main()
