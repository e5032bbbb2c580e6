"""Measure hints: how near true colours at points bring a picture, and how long a change of them takes.

    python -m bench.guidance --data natural/cbsd68 -o docs/results/hints

Points are drawn at random with the picture's own colour there; PSNR in dB against the original, averaged
over the pictures. Times are processor seconds of one change of ten hints on a prediction that is kept, to
the finished uint8 picture, the least of five.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

import colorzoo
from colorzoo.core.compare.evaluator import seed_of, single_threaded
from colorzoo.core.compare.simulation import true_hints
from colorzoo.core.imaging.image_io import Picture, resize
from colorzoo.core.inference.colorize import predict
from colorzoo.core.inference.prediction import Prediction
from colorzoo.core.interfaces.dataset import Dataset
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.jobs.datasets import open_dataset

COUNTS = (0, 1, 3, 10, 30, 100)
BASES: Mapping[str, tuple[str, str | None, dict[str, object]]] = {
    "grey": ("grey", None, {}),
    "vae-mdn, mode=mean": ("vae-mdn", None, {"mode": "mean"}),
    "cgan": ("cgan", None, {}),
}
SIZES = ((321, 481), (1365, 2048))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    pictures = open_dataset(options.data, "all")
    with single_threaded(), torch.inference_mode():
        result = {"pictures": len(pictures), "psnr": curves(pictures), "seconds": seconds(pictures)}
    print(json.dumps(result, indent=1))
    if options.out:
        options.out.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
        options.out.with_suffix(".md").write_text(markdown(result["psnr"], result["seconds"]))


def curves(pictures: Dataset) -> dict[str, dict[int, float]]:
    """Return the mean PSNR by base and number of hints."""
    models = {
        name: (colorzoo.load(plugin, weights), options)
        for name, (plugin, weights, options) in BASES.items()
    }
    values: dict[str, dict[int, list[float]]] = {name: {count: [] for count in COUNTS} for name in models}
    for sample in pictures:
        picture = Picture(sample.image)
        hints = true_hints(picture, max(COUNTS), seed_of(0, sample.id))
        for name, (model, options) in models.items():
            prediction = predict(model, picture, {**options, "seed": 0})
            for count in COUNTS:
                shown = next(prediction.pictures(Guidance(hints=hints[:count], paper=False)))
                values[name][count].append(psnr(shown, picture))
    return {
        name: {count: float(np.mean(several)) for count, several in row.items()}
        for name, row in values.items()
    }


def psnr(shown: Picture, original: Picture) -> float:
    return float(10 * np.log10(255**2 / np.mean((shown.rgb.astype(float) - original.rgb) ** 2)))


def seconds(pictures: Dataset) -> dict[str, float]:
    """Return processor seconds of a change of hints by size of the picture."""
    times = {}
    for name, (plugin, weights, options) in BASES.items():
        model = colorzoo.load(plugin, weights)
        for height, width in SIZES:
            picture = Picture(resize(pictures[0].image, width, height))
            prediction = predict(model, picture, {**options, "seed": 0})
            times[f"{name}, {width}x{height}"] = min(change(prediction, seed) for seed in range(5))
    return times


def change(prediction: Prediction, seed: int) -> float:
    guidance = Guidance(hints=true_hints(prediction.picture, 10, seed))
    start = time.process_time()
    next(prediction.pictures(guidance))
    return time.process_time() - start


def markdown(psnr: Mapping[str, Mapping[int, float]], seconds: Mapping[str, float]) -> str:
    lines = [
        f"| PSNR in dB, true colours at random points | {' | '.join(map(str, COUNTS))} |",
        f"|---|{'---|' * len(COUNTS)}",
        *(
            f"| {name} | {' | '.join(f'{value:.2f}' for value in row.values())} |"
            for name, row in psnr.items()
        ),
        "",
        "| a change of hints | processor seconds, one thread |",
        "|---|---|",
        *(f"| {size} | {value:.3f} |" for size, value in seconds.items()),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
