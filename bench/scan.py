"""Measure the colouring of a scan larger than what is read at once: memory, time, and whether it is right.

    python -m bench.scan [-o docs/results/scan]

A grey 16-bit TIFF, 16,000 pixels a side, by vae-mdn's embedded weights: the most resident MiB of the whole
process, Python and torch included, seconds, and the largest deviation, of 65,535 levels, at 200 random
pixels from what is computed for these pixels alone out of the file itself and the colours of the reduced
picture in double precision.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from bench import table

SIDE, POINTS = 16_000, 200
CHILD = """
import json, sys, time
from pathlib import Path
import numpy as np
import colorzoo
from colorzoo.core.imaging.scan_file import scanned
from colorzoo.core.inference import prediction
from colorzoo.core.inference.colorize import predict
from colorzoo.jobs.run import RunSettings, run

path, out = Path(sys.argv[1]), Path(sys.argv[2])
colorizer, start = colorzoo.load("vae-mdn"), time.monotonic()
settings = RunSettings("vae-mdn", {"samples": 1, "seed": 0}, sheet=False)
result = run(colorizer, [(path, Path(path.name))], out, settings)
assert not result.failures, result.failure_lines()
seconds, processor = time.monotonic() - start, time.process_time()
peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
reduced = scanned(path)
predicted = predict(colorizer, reduced, {"samples": 1, "seed": 0})
_, guide = predicted._guided(prediction.NOTHING, None)
guide = prediction.to_tensor(reduced.gray) if guide is None else guide
low = prediction._chroma_and_slope(predicted.rgb, guide)
share = prediction.colored_share(reduced.gray) if predicted._keeps_paper(prediction.NOTHING) else None
np.savez(out / "low.npz", low=low.numpy()[0], **({} if share is None else {"share": share.numpy()[0]}))
file = str(result.files[path][0])
print(json.dumps({"peak": peak, "seconds": seconds, "processor": processor, "file": file}))
"""


def make(path: Path) -> None:
    """Write a scan by tifffile, uncompressed, a few rows at a time."""
    import tifffile

    rows = tifffile.memmap(path, shape=(SIDE, SIDE), dtype=np.uint16)
    x = np.arange(SIDE)
    rng = np.random.default_rng(0)
    for top in range(0, SIDE, 250):
        y = np.arange(top, top + 250)[:, None]
        smooth = 30_000 + 20_000 * np.sin(x / 900) * np.cos(y / 1300)
        rows[top : top + 250] = smooth + rng.normal(0, 300, (250, SIDE))
    rows.flush()


def bilinear(planes: npt.NDArray[Any], y: int, x: int) -> npt.NDArray[np.float64]:
    """Return the values of planes (C, h, w), brought to the size of the scan, at one of its pixels."""
    _, height, width = planes.shape
    places = [
        min(max((place + 0.5) * side / SIDE - 0.5, 0), side - 1)
        for place, side in ((y, height), (x, width))
    ]
    (top, left), (down, across) = [int(place) for place in places], [place % 1 for place in places]
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    corners = planes.astype(np.float64)
    upper = corners[:, top, left] * (1 - across) + corners[:, top, right] * across
    lower = corners[:, bottom, left] * (1 - across) + corners[:, bottom, right] * across
    return np.asarray(upper * (1 - down) + lower * down)


def expected(gray: int, low: npt.NDArray[Any], share: npt.NDArray[Any] | None, y: int, x: int) -> Any:
    """Return RGB of one pixel, by the formulas alone."""
    luma = gray / 65535
    cb, cr, slope_b, slope_r, base = bilinear(low, y, x)
    kept = 1 if share is None else bilinear(share, y, x)[0]
    blue, red = 1.772 * kept * (cb + slope_b * (luma - base)), 1.402 * kept * (cr + slope_r * (luma - base))
    offset = np.array([red, -(0.299 * red + 0.114 * blue) / 0.587, blue])
    scale = min((1 - luma) / max(offset.max(), 1e-30), luma / max(-offset.min(), 1e-30))
    return (luma + offset * min(max(scale, 0), 1)) * 65535


def scan() -> dict[str, float]:
    import tifffile

    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder, "scan.tif"), Path(folder, "out")
        make(path)
        done = subprocess.run(
            [sys.executable, "-c", CHILD, path, out], check=True, capture_output=True, text=True
        )
        said = json.loads(done.stdout.splitlines()[-1])
        with np.load(out / "low.npz") as stored:
            low, share = stored["low"], stored.get("share")
        gray, rng, worst = tifffile.memmap(path), np.random.default_rng(1), 0.0
        with tifffile.TiffFile(said["file"]) as written:
            for y, x in rng.integers(0, SIDE, (POINTS, 2)):
                page = written.pages[0]
                strip = page.decode(
                    *_strip(written, int(y) // page.rowsperstrip), int(y) // page.rowsperstrip
                )[0]
                got = strip[0, int(y) % page.rowsperstrip, x]
                worst = max(
                    worst, np.abs(got - expected(int(gray[y, x]), low, share, int(y), int(x))).max()
                )
        size = Path(said["file"]).stat().st_size
    return {
        "peak, MiB": round(said["peak"]), "seconds": round(said["seconds"], 1),
        "seconds of the processor": round(said["processor"], 1),
        "largest deviation at 200 pixels, levels of 65535": round(float(worst), 2),
        "result, MB": round(size / 1e6),
    }  # fmt: skip


def _strip(file: Any, index: int) -> tuple[bytes]:
    page = file.pages[0]
    file.filehandle.seek(page.dataoffsets[index])
    return (file.filehandle.read(page.databytecounts[index]),)


if __name__ == "__main__":
    table.main(__doc__, {"scan": scan})
