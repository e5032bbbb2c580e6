"""Time `colorzoo compare` against a plain loop over scikit-image's metrics, in one run.

    python -m bench.compare --data lfw -o docs/results/compare_speed

1,000 pictures, vae-mdn, cgan and the controls, 8 samples, all default metrics, an empty cache. The loop
colours the same pictures with the same models and measures them one by one, on a few of the pictures.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from itertools import combinations
from pathlib import Path

import numpy as np
import psutil
import torch
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from bench.table import write
from colorzoo.core.compare.evaluator import Evaluator
from colorzoo.core.imaging.image_io import Pixels
from colorzoo.jobs.compare import CompareOptions, compare, task_of

METHODS, SAMPLES = ["vae-mdn", "cgan"], 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--limit", type=int, default=1000)
    parser.add_argument("--loop", type=int, default=20, help="pictures of the plain loop")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["COLORZOO_CACHE"] = folder
        first = seconds(task_of, METHODS, options.data, CompareOptions())  # looks at every picture once
        with Memory() as memory:
            ours = seconds(ours_once, options)
        again = seconds(ours_once, options)
        slow = min(seconds(loop, options.data, options.loop) for _ in range(2)) / options.loop
    result = {
        "pictures": options.limit,
        "workers": options.workers,
        "first look at the dataset, seconds": first,
        "compare, seconds": ours,
        "compare, most memory of all its processes, MiB": memory.peak / 2**20,
        "plain loop, seconds a picture": slow,
        "compare, seconds a picture": ours / options.limit,
        "ratio": slow / (ours / options.limit),
        "compare again, from the cache, seconds": again,
    }
    print(result)
    if options.out:
        write(options.out, result)


def ours_once(options: argparse.Namespace) -> None:
    found = compare(METHODS, options.data, limit=options.limit, samples=SAMPLES, workers=options.workers)
    assert found
    assert not any(method.failures for method in found.methods)


def loop(data: str, count: int) -> None:
    """Measure the plain way: every sample of every method, one metric after the other."""
    task = task_of(METHODS, data, CompareOptions(limit=count, samples=SAMPLES))
    evaluator = Evaluator(task)
    for index in range(count):
        sample = task.dataset[index]
        picture = evaluator.fitted(sample)
        for method in task.methods:
            colored = [one.rgb for one in evaluator.colorings(method, sample.id, picture)]
            measured_plainly(colored, picture.rgb)


def measured_plainly(samples: list[Pixels], truth: Pixels) -> dict[str, float]:
    """Return what the default metrics return, by scikit-image and NumPy."""
    labs, true = [rgb2lab(sample) for sample in samples], rgb2lab(truth)
    errors = [((sample.astype(float) - truth) ** 2).mean() for sample in samples]
    distance = np.linalg.norm(labs[0][..., 1:] - true[..., 1:], axis=-1)
    return {
        "mse255": min(errors),
        "psnr": peak_signal_noise_ratio(truth, samples[0]) if errors[0] else 100.0,
        "ssim": similarity(samples[0], truth),
        "ciede2000": deltaE_ciede2000(labs[0], true).mean(),
        "chroma-rmse": np.sqrt((distance**2).mean()),
        "auc": np.mean([(distance <= t).mean() for t in range(151)]),
        "eob": min(np.abs(lab[..., 1:] - true[..., 1:]).mean() / 128 for lab in labs),
        "variance": np.var([lab[..., 1:] / 128 for lab in labs], axis=0).mean(),
        "deviation": np.std([sample.astype(float) for sample in samples], axis=0).mean(),
        "sample-ssim": float(np.mean([similarity(a, b) for a, b in combinations(samples, 2)] or [1.0])),
        **{f"cf {kind}": colorfulness(samples[0], absolute=kind == "abs") for kind in ("plain", "abs")},
        **{f"true cf {kind}": colorfulness(truth, absolute=kind == "abs") for kind in ("plain", "abs")},
    }


def similarity(one: Pixels, other: Pixels) -> float:
    return float(
        structural_similarity(
            one, other, channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
    )


def colorfulness(rgb: Pixels, *, absolute: bool) -> float:
    red, green, blue = rgb.astype(float).transpose(2, 0, 1)
    opponent = np.stack([red - green, (red + green) / 2 - blue])
    opponent = np.abs(opponent) if absolute else opponent
    spread = np.sqrt((opponent.std((1, 2)) ** 2).sum())
    return float(spread + 0.3 * np.sqrt((opponent.mean((1, 2)) ** 2).sum()))


def seconds(work, *arguments) -> float:
    start = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - start


class Memory:
    """The most that this process and its children take together: shared pages count once (PSS)."""

    def __enter__(self) -> Memory:
        self.peak, self._over = 0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.5):
            here = psutil.Process()
            shares = [*map(share, [here, *here.children(recursive=True)])]
            self.peak = max(self.peak, sum(shares))


def share(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().pss
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0


if __name__ == "__main__":
    torch.set_num_threads(2)
    main()
