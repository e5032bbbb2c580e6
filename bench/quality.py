"""Measure colourings at 64x64: vae-mdn, its controls, and the baseline.

    python -m bench.quality --data lfw --split test -o docs/results/faces

Every picture is measured at 64x64, so that nothing but colour counts; a model may be shown it larger, with
--seen 256. The controls are fitted on the train split of the same source. Writes a Markdown table and JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import colorzoo
from colorzoo.core.data.packed import Packed
from colorzoo.core.imaging import color
from colorzoo.core.interfaces.colorizer import EvaluationContext
from colorzoo.core.registry import registry
from colorzoo.jobs.datasets import open_dataset, packed_cache

SIZE, MANY = 64, 100
BATCH_PIXELS = 20 * SIZE**2
"""Of the pictures that a model is shown at once."""
Predictor = Callable[[Tensor, int], Tensor]  # grey (N, 1, H, W) and a seed to (N, K, 3, H, W)


def main() -> None:
    options = arguments()
    torch.set_num_threads(options.threads)
    test = packed_cache(open_dataset(options.data, options.split), "squash")(options.seen)
    train = packed_cache(open_dataset(options.data, "train"), "squash")(SIZE)
    test = Packed(test.images[: options.limit], test.ids, test.fingerprint)
    rows, values = [], {}
    for name, predictor in predictors(train, options).items():
        row, per_image = measure(predictor, test)
        rows.append({"method": name, **row})
        values[name] = per_image
        print(rows[-1], flush=True)
    result = {
        "protocol": f"{len(test)} pictures of {options.data}, split {options.split}, {SIZE}x{SIZE}"
        + (f", shown to the models at {options.seen}x{options.seen}" if options.seen > SIZE else ""),
        "fingerprint": test.fingerprint,
        "colorzoo": colorzoo.__version__,
        "rows": rows,
        "paired": [compare(values, a, b, k) for a, b, k in pairs(values)],
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    options.out.with_suffix(".md").write_text(markdown(result))
    print(markdown(result))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="lfw")
    parser.add_argument("--split", default="test")
    parser.add_argument("--seen", type=int, default=SIZE, help="side at which models see the pictures")
    parser.add_argument("--limit", type=int, default=None)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--weights", default="default")
    parser.add_argument("--samples", type=int, default=MANY, help="that a model draws: 8 take less time")
    parser.add_argument("--only", nargs="+", default=["*"], help="patterns of the methods' names")
    parser.add_argument("--paper", default="paper")
    parser.add_argument("--unet", default=None)
    parser.add_argument("-o", "--out", type=Path, required=True)
    return parser.parse_args()


def predictors(train: Packed, options: argparse.Namespace) -> dict[str, Predictor]:
    """Return every method by its name in the table."""
    model = colorzoo.load("vae-mdn", options.weights)
    methods: dict[str, Predictor] = {
        "grey copy": at_size(lambda gray, seed: gray.expand(-1, 3, -1, -1)[:, None]),
        "mean chroma per pixel": at_size(mean_chroma(train)),
        "mean chroma given luma": at_size(mean_chroma_given_luma(train)),
        "borrowed chroma, random": at_size(borrowed(train)),
    }
    if options.unet != "none":
        unet = colorzoo.load("unet", options.unet)
        methods["unet"] = lambda gray, seed: unet(gray)
    many = {"samples": options.samples}
    methods |= {
        "vae-mdn, mean": lambda gray, seed: model(gray, mode="mean", seed=seed),
        "vae-mdn, samples": lambda gray, seed: model(gray, seed=seed, **many),
        "vae-mdn, samples, temperature 0.7": lambda gray, seed: model(
            gray, seed=seed, temperature=0.7, **many
        ),
        "vae-mdn, ordered means": lambda gray, seed: model(gray, mode="means", samples=5),
        "prior N(0, 1)": lambda gray, seed: model(gray, prior=True, seed=seed, **many),
        "prior N(0, 0.7)": lambda gray, seed: model(gray, prior=True, temperature=0.7, seed=seed, **many),
    }
    if model.trunk is None:
        methods["embeddings of random training pictures"] = at_size(embeddings(model, train))
    if options.paper != "none":
        paper = colorzoo.load("vae-mdn", options.paper)
        methods["paper preset, samples"] = lambda gray, seed: paper(gray, seed=seed, **many)
    return {
        name: predictor
        for name, predictor in methods.items()
        if name == "grey copy" or any(fnmatch(name, pattern) for pattern in options.only)
    }


def at_size(predictor: Predictor) -> Predictor:
    """Return a predictor that is given the grey at the size at which it is measured."""
    return lambda gray, seed: predictor(color.resize_area(gray, (SIZE, SIZE)), seed)


def mean_chroma(train: Packed) -> Predictor:
    total = sum(color.chroma(batch).sum(0) for batch in batches(train, 200))
    mean = total / len(train)
    return lambda gray, seed: color.recombine(gray, mean.expand(len(gray), -1, -1, -1))[:, None]


def mean_chroma_given_luma(train: Packed) -> Predictor:
    baseline = registry().find("colorizer", "mean-chroma-given-luma").load()()
    baseline.fit_baseline(EvaluationContext(train=lambda size: train, truth=lambda gray: gray))
    return lambda gray, seed: baseline(gray)


def borrowed(train: Packed) -> Predictor:
    """Give every picture the chroma of random training pictures: diversity without a model."""

    def predict(gray: Tensor, seed: int) -> Tensor:
        chosen = np.random.default_rng(seed).integers(0, len(train), (len(gray), MANY))
        fields = color.chroma(pixels(train.images[chosen.ravel()]))
        return color.recombine(gray[:, None], fields.unflatten(0, (len(gray), MANY)))

    return predict


def embeddings(model, train: Packed) -> Predictor:
    """Decode the embeddings of random training pictures: what the encoder makes, without the mixture."""
    with torch.inference_mode():
        known = torch.cat([model.encoder(model.field(b))[0] for b in batches(train, 200)])

    def predict(gray: Tensor, seed: int) -> Tensor:
        generator = torch.Generator().manual_seed(seed)
        chosen = torch.randint(len(known), (len(gray), MANY), generator=generator)
        return color.recombine(gray[:, None], model.decode(gray, known[chosen]))

    return predict


def measure(predictor: Predictor, test: Packed) -> tuple[dict, dict[int, list[float]]]:
    """Return the row of the table, and the squared errors of the best of 1, 8 and 100 by picture."""
    metric = {name: registry().find("metric", name).load() for name in registry().names("metric")}
    best = {k: metric["mse255"]() for k in (1, 8, MANY)}
    eob = metric["eob"]()
    spread = {8: metric["deviation"](), 5: metric["variance"]()}
    strength = metric["colorfulness"]()
    count = 0
    batch = max(1, BATCH_PIXELS // test.images.shape[1] ** 2)
    with torch.inference_mode():
        for seed, picture in enumerate(batches(test, batch)):
            predicted, target = (
                smaller(predictor(color.luma(picture), seed)),
                smaller(picture[:, None])[:, 0],
            )
            count = predicted.shape[1]
            strength.update(predicted, target)
            for k, own in best.items():
                own.update(predicted[:, :k], target)
            eob.update(predicted[:, :5], target)
            spread[8].update(predicted[:, :8], target)
            spread[5].update(predicted[:, :5], target)
    results = {k: own.compute() for k, own in best.items()}
    row = {
        "best of 1": results[1].value,
        "best of 8": results[8].value if count >= 8 else None,
        f"best of {MANY}": results[MANY].value if count >= MANY else None,
        "deviation": spread[8].compute().value if count >= 8 else None,
        "eob, best of 5": eob.compute().value,
        "variance": spread[5].compute().value if count >= 5 else None,
        "colourfulness": strength.compute().value,
    }
    return row, {k: r.per_image for k, r in results.items() if k <= count}


def smaller(pictures: Tensor) -> Tensor:
    """Return pictures (N, K, 3, H, W) at the size at which they are measured."""
    flat = color.resize_area(pictures.flatten(0, 1), (SIZE, SIZE))
    return flat.unflatten(0, pictures.shape[:2])


def pairs(values: dict) -> Iterator[tuple[str, str, int]]:
    controls = ("prior N(0, 1)", "prior N(0, 0.7)", "embeddings of random training pictures")
    for control in controls:
        for k in (8, MANY):
            if k in values.get(control, {}) and k in values.get("vae-mdn, samples", {}):
                yield "vae-mdn, samples", control, k


def compare(values: dict, one: str, other: str, k: int, draws: int = 10_000) -> dict:
    """Return the paired difference of two methods with its bootstrap interval and the share of wins."""
    difference = np.array(values[one][k]) - np.array(values[other][k])
    rng = np.random.default_rng(0)
    means = [difference[rng.integers(0, len(difference), len(difference))].mean() for _ in range(draws)]
    low, high = np.percentile(means, [2.5, 97.5])
    return {
        "a": one, "b": other, "best of": k, "difference": difference.mean(),
        "low": low, "high": high, "wins": float((difference < 0).mean()),
    }  # fmt: skip


def markdown(result: dict) -> str:
    grey = result["rows"][0]
    lines = [
        f"{result['protocol']}, fingerprint `{result['fingerprint'][:16]}`. Mean squared error on "
        "0-255 RGB, in brackets as a share of the grey copy's.",
        "",
        f"| method | one | best of 8 | best of {MANY} | deviation | eob, best of 5 | variance "
        "| colourfulness |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        errors = [
            share(row[key], grey["best of 1"], 0) for key in ("best of 1", "best of 8", f"best of {MANY}")
        ]
        spread = "" if row["deviation"] is None else f"{row['deviation']:.1f}"
        variance = "" if row["variance"] is None else f"{row['variance']:.1e}"
        eob = share(row["eob, best of 5"], grey["eob, best of 5"], 4)
        strength = f"{row['colourfulness']:.2f}"
        lines.append(f"| {' | '.join([row['method'], *errors, spread, eob, variance, strength])} |")
    lines += [
        "",
        "| paired | best of | difference | 95 % interval | wins |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {p['a']} against {p['b']} | {p['best of']} | {p['difference']:+.1f} | "
        f"{p['low']:+.1f} to {p['high']:+.1f} | {p['wins']:.0%} |"
        for p in result["paired"]
    ]
    return "\n".join(lines) + "\n"


def share(value: float | None, grey: float, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f} ({value / grey:.3f})"


def batches(packed: Packed, size: int) -> Iterator[Tensor]:
    for start in range(0, len(packed.images), size):
        yield pixels(packed.images[start : start + size])


def pixels(images: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(images)).permute(0, 3, 1, 2).float().div_(255)


if __name__ == "__main__":
    main()
