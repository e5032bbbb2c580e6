"""Measure the most memory that `colorzoo run` takes for large pictures, made by rule.

    python -m bench.memory [-o docs/results/memory]

Peak resident MiB of a process of its own, Python and torch included, vae-mdn's embedded weights.

thirty     4096x4096 pictures, one sample, no contact sheet: the peak after each; flat after the third
large      one 8192x8192 picture with eight samples, one 12000x9000 with one and with eight
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from bench import table
from colorzoo.core.imaging.image_io import Picture, write
from colorzoo.testing import synthetic_picture

CHILD = """
import sys
from pathlib import Path
import colorzoo
from colorzoo.jobs.run import RunSettings, run
folder, samples = Path(sys.argv[1]), int(sys.argv[2])
files = [(path, Path(path.name)) for path in sorted(folder.glob("*.png"))]
def progress(done, total, note):
    if done:
        status = Path("/proc/self/status").read_text()  # getrusage also counts who started the process
        print(int(status.split("VmHWM:")[1].split()[0]) // 1024, flush=True)
settings = RunSettings("vae-mdn", {"samples": samples, "seed": 0}, sheet=False)
result = run(colorzoo.load("vae-mdn"), files, folder / "out", settings, progress)
assert not result.failures, result.failure_lines()
"""


def peaks(width: int, height: int, count: int, samples: int) -> list[int]:
    """Return the peak in MiB after each of some pictures."""
    with tempfile.TemporaryDirectory() as folder:
        pixels = cv2.resize(synthetic_picture(0, 256, 256), (width, height), interpolation=cv2.INTER_LINEAR)
        write(Path(folder, "00.png"), Picture(np.asarray(pixels, np.uint8)))
        for index in range(1, count):
            Path(folder, f"{index:02}.png").hardlink_to(Path(folder, "00.png"))
        command = [sys.executable, "-c", CHILD, folder, str(samples)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [int(line) for line in done.stdout.split()]


def thirty() -> dict[str, float]:
    after = peaks(4096, 4096, 30, 1)
    return {f"peak after {place}, MiB": after[place - 1] for place in (1, 2, 3, 10, 20, 30)}


def large() -> dict[str, float]:
    return {
        "8192x8192, eight samples, MiB": peaks(8192, 8192, 1, 8)[-1],
        "12000x9000, one sample, MiB": peaks(12_000, 9_000, 1, 1)[-1],
        "12000x9000, eight samples, MiB": peaks(12_000, 9_000, 1, 8)[-1],
    }


if __name__ == "__main__":
    table.main(__doc__, {"thirty": thirty, "large": large})
