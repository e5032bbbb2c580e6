"""Measure speed, as ratios and times of one run.

Times are the processor's, so that other work on the machine does not count.

    python -m bench.speed [-o docs/results/speed]

training   pictures/s of the VAE stage of vae-mdn against the same network trained the textbook way:
           float32, default memory layout, plain Adam
start      CPU time of `colorzoo --help` and `colorzoo plugins` beside `python -c 'import typer'`
photo      colouring one 1024x1024 photo, one sample, one thread, after loading
packed     pictures/s of the packed cache at 64x64, and the time until a second training has its data
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

import colorzoo
from bench import table
from colorzoo.core.config import validate
from colorzoo.core.data.packed import pack
from colorzoo.core.devices import bfloat16_is_fast
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.inference.colorize import colorize
from colorzoo.core.interfaces.dataset import Dataset, Sample
from colorzoo.core.interfaces.stage import Batch
from colorzoo.plugins.vae_mdn.config import VaeMdnConfig
from colorzoo.plugins.vae_mdn.model import VaeMdn


def training(pairs: int = 5) -> dict[str, float]:
    """Time both ways in turn, so that a busy machine slows both."""
    ours, textbook = our_step(), textbook_step()
    times = [(timed(ours, 4), timed(textbook, 4)) for _ in range(pairs)]
    ratios = [slow / fast for fast, slow in times]
    return {
        "pictures per second": 64 / statistics.median(fast for fast, _ in times),
        "textbook": 64 / statistics.median(slow for _, slow in times),
        "ratio": statistics.median(ratios),
    }


def our_step() -> Callable[[], None]:
    model, batch = new_model().to(memory_format=torch.channels_last), Batch.of(torch.rand(64, 3, 64, 64))
    stage = model.stages()[0]
    optimizer = stage.optimizer("vae", stage.networks["vae"].parameters())
    fast = bfloat16_is_fast(torch.device("cpu"))

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=fast):
            loss = sum(stage.losses("vae", batch).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def textbook_step() -> Callable[[], None]:
    model, images = new_model(), torch.rand(64, 3, 64, 64)
    stage = model.stages()[0]
    batch = Batch(images, images.mean(1, keepdim=True))
    optimizer = torch.optim.Adam(stage.networks["vae"].parameters(), lr=1e-3)

    def step() -> None:
        loss = sum(stage.losses("vae", batch).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def new_model() -> VaeMdn:
    torch.manual_seed(0)
    return VaeMdn(validate(VaeMdnConfig, VaeMdnConfig.presets["default"], "default"))


def start() -> dict[str, float]:
    """Return median CPU milliseconds of whole processes."""
    return {
        "python -c 'import typer'": cpu([sys.executable, "-c", "import typer"]),
        "colorzoo --help": cpu([console_script(), "--help"]),
        "colorzoo plugins": cpu([console_script(), "plugins"]),
    }


def console_script() -> str:
    return str(Path(sys.executable).with_name("colorzoo"))


def cpu(command: list[str], runs: int = 11) -> float:
    times = []
    for _ in range(runs + 1):  # the first warms the file cache
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return 1000 * statistics.median(times[1:])


def photo() -> dict[str, float]:
    rng = np.random.default_rng(0)
    picture = Picture(rng.integers(0, 255, (1024, 1024, 3), np.uint8))
    model = colorzoo.load("vae-mdn")
    return {"seconds": timed(lambda: colorize(model, picture, {"seed": 0}), 5)}


class Noise(Dataset):
    """Twelve thousand made pictures."""

    fingerprint = "0" * 64

    def __len__(self) -> int:
        return 12_000

    def __getitem__(self, index: int) -> Sample:
        return Sample(str(index), np.full((64, 64, 3), index % 256, np.uint8))


def packed() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        pack(Noise(), 64, root=Path(folder))
        began = time.perf_counter()
        images = pack(Noise(), 64, root=Path(folder)).images
        opened = time.perf_counter() - began
        order = np.random.default_rng(0).permutation(len(images))

        def epoch() -> None:
            for place in range(0, len(order), 64):
                torch.from_numpy(images[np.sort(order[place : place + 64])]).float()

        return {"opened in seconds": opened, "pictures per second": len(order) / timed(epoch, 3)}


def timed(action: Callable[[], object], runs: int) -> float:
    action()
    times = []
    for _ in range(runs):
        began = time.process_time()
        action()
        times.append(time.process_time() - began)
    return statistics.median(times)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    table.main(__doc__, {"training": training, "start": start, "photo": photo, "packed": packed})
