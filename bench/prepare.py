"""Time `colorzoo data prepare` against a plain loop over Pillow, in one run.

    python -m bench.prepare --data lfw -o docs/results/prepare

2,000 pictures to 64 pixels, packed: wall seconds, the median of five turns that take turns.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from bench.table import write
from colorzoo.core.data.prepare import Preparation, PrepareOptions
from colorzoo.core.interfaces.dataset import FileDataset
from colorzoo.jobs.datasets import open_dataset

COUNT, SIZE, WORKERS, TURNS = 2000, 64, 2, 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    data = open_dataset(options.data, "train")
    if not isinstance(data, FileDataset):
        parser.error("--data must be files, which Pillow can open")
    data.files = data.files[:COUNT]
    seconds: dict[str, list[float]] = {"prepare": [], "loop": []}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(TURNS):
            seconds["loop"].append(timed(lambda: loop(data, Path(folder) / "loop.npy")))
            out = Path(folder) / f"out{turn}"
            job = PrepareOptions(size=SIZE, fit="squash", format="packed")
            seconds["prepare"].append(timed(lambda: Preparation(data, "bench", out, job).run(WORKERS)))  # noqa: B023
        far = difference(Path(folder) / "loop.npy", out / "images.npy")
    middle = {name: statistics.median(times) for name, times in seconds.items()}
    result = {
        "pictures": len(data),
        "plain loop, seconds": middle["loop"],
        f"prepare with {WORKERS} workers, seconds": middle["prepare"],
        "ratio": middle["loop"] / middle["prepare"],
        "mean difference of the pixels, grey levels": far,
    }
    print(result)
    if options.out:
        write(options.out, result)


def loop(data: FileDataset, path: Path) -> None:
    """Do it the plain way: open, convert, resize with Pillow's best filter, save the array."""
    array = np.empty((len(data), SIZE, SIZE, 3), np.uint8)
    for row, file in enumerate(data.files):
        with Image.open(file) as image:
            array[row] = np.asarray(image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.LANCZOS))
    np.save(path, array)


def difference(one: Path, two: Path) -> float:
    a, b = np.load(one, mmap_mode="r"), np.load(two, mmap_mode="r")
    return float(np.abs(a.astype(np.int16) - b).mean())


def timed(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
