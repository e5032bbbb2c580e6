"""Measure hints: how near true colours at points bring a picture, and how long a change of them takes.

    python -m bench.guidance --data natural/cbsd68 -o docs/results/hints

Points are drawn at random with the picture's own colour there; PSNR in dB against the original, averaged
over the pictures. A colorizer that takes hints is also measured as if it took none, and without what the
engine corrects of its answer. Times are processor seconds of one change of ten hints, to the finished uint8
picture, the least of five: on a prediction that is kept, or with the network where it takes hints.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch

import colorzoo
from colorzoo.core.compare.evaluator import seed_of
from colorzoo.core.data.combine import Subset
from colorzoo.core.devices import limited_threads
from colorzoo.core.guidance.apply import HINTS
from colorzoo.core.guidance.simulated_hints import true_hints
from colorzoo.core.imaging.image_io import Picture, resize
from colorzoo.core.inference.colorize import predict
from colorzoo.core.inference.prediction import Prediction
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.dataset import Dataset
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.jobs.datasets import open_dataset

COUNTS = (0, 1, 3, 10, 30, 100)
BASES: dict[str, tuple[str, str | None, dict[str, object]]] = {
    "grey": ("grey", None, {}),
    "vae-mdn, mode=mean": ("vae-mdn", None, {"mode": "mean"}),
    "cgan": ("cgan", None, {}),
}
SIZES = ((321, 481), (1365, 2048))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--split", default="all")
    parser.add_argument("--count", type=int, help="the first ones by the hash of their names; all")
    parser.add_argument("--cgan", help="weights of cgan, other than its default")
    parser.add_argument("--times", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    pictures = open_dataset(options.data, options.split)
    pictures = Subset(pictures, options.count) if options.count else pictures
    BASES["cgan"] = ("cgan", options.cgan, {})
    with limited_threads(1), torch.inference_mode():
        result = {"pictures": len(pictures), "psnr": curves(pictures)}
        result["seconds"] = seconds(pictures) if options.times else {}
    print(json.dumps(result, indent=1))
    if options.out:
        options.out.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
        options.out.with_suffix(".md").write_text(markdown(result["psnr"], result["seconds"]))


def curves(pictures: Dataset) -> dict[str, dict[int, float]]:
    """Return the mean PSNR by base and number of hints."""
    values: dict[str, dict[int, list[float]]] = {}
    models = {
        name: (colorzoo.load(plugin, weights), {**options, "seed": 0})
        for name, (plugin, weights, options) in BASES.items()
    }
    for sample in pictures:
        picture = Picture(sample.image)
        hints = true_hints(picture, max(COUNTS), seed_of(0, sample.id))
        for name, (model, options) in models.items():
            plain = predict(model, picture, options)
            for count in COUNTS:
                told = Guidance(hints=hints[:count], paper=False)
                for row, shown in answers(name, model, plain, options, told):
                    values.setdefault(row, {}).setdefault(count, []).append(psnr(shown, picture))
    return {
        name: {count: float(np.mean(several)) for count, several in row.items()}
        for name, row in values.items()
    }


def answers(
    name: str, model: Colorizer, plain: Prediction, options: Mapping[str, object], told: Guidance
) -> Iterator[tuple[str, Picture]]:
    """Yield names of rows, and the pictures of one base under hints that belong to them."""
    if "hints" not in model.capabilities.takes:
        yield name, next(plain.pictures(told))
        return
    own = predict(model, plain.picture, options, told)
    yield f"{name}, hints spread by the engine", next(plain.pictures(told))
    yield f"{name}, hints taken by the network", next(own.pictures(told.without(HINTS)))
    yield f"{name}, by the network, then corrected", next(own.pictures(told))


def psnr(shown: Picture, original: Picture) -> float:
    return float(10 * np.log10(255**2 / np.mean((shown.rgb.astype(float) - original.rgb) ** 2)))


def seconds(pictures: Dataset) -> dict[str, float]:
    """Return processor seconds of a change of hints by size of the picture."""
    times = {}
    for name, (plugin, weights, options) in BASES.items():
        model, options = colorzoo.load(plugin, weights), {**options, "seed": 0}
        for height, width in SIZES:
            picture, size = Picture(resize(pictures[0].image, width, height)), f"{width}x{height}"
            kept = predict(model, picture, options)
            taken = "hints" in model.capabilities.takes
            ways = {f"{name}, spread" if taken else name: partial(answered, kept)}
            if taken:
                ways[f"{name}, by the network"] = partial(taken_anew, model, picture, options)
            for way, answer in ways.items():
                times[f"{way}, {size}"] = min(change(answer, picture, seed) for seed in range(5))
    return times


def answered(kept: Prediction, told: Guidance) -> Picture:
    return next(kept.pictures(told))


def taken_anew(
    model: Colorizer, picture: Picture, options: Mapping[str, object], told: Guidance
) -> Picture:
    return answered(predict(model, picture, options, told), told)


def change(answer: Callable[[Guidance], Picture], picture: Picture, seed: int) -> float:
    guidance = Guidance(hints=true_hints(picture, 10, seed))
    start = time.process_time()
    answer(guidance)
    return time.process_time() - start


def markdown(psnr: Mapping[str, Mapping[int, float]], seconds: Mapping[str, float]) -> str:
    lines = [
        f"| PSNR in dB, true colours at random points | {' | '.join(map(str, COUNTS))} |",
        f"|---|{'---|' * len(COUNTS)}",
        *(
            f"| {name} | {' | '.join(f'{value:.2f}' for value in row.values())} |"
            for name, row in psnr.items()
        ),
    ]
    if seconds:
        lines += ["", "| a change of hints | processor seconds, one thread |", "|---|---|"]
        lines += [f"| {size} | {value:.3f} |" for size, value in seconds.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
