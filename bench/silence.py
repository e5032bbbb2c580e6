"""How long a terminal stays without a word: until the first one, and between two, on real faces.

    python -m bench.silence [-o docs/results/silence] [--data lfw] [--limit 300]

Each command runs on a terminal of its own, all with one cache, empty at first. Seconds; those of importing
torch alone are beside them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from bench import table
from colorzoo.jobs.datasets import open_dataset
from tests.zoo.terminal import colorzoo

COMMANDS: Mapping[str, str] = {
    "run": "run vae-mdn {pictures} -o run",
    "train": "train vae-mdn --data {data} --minutes 0.5 -o trained",
    "compare": "compare vae-mdn unet --data {data} --limit {limit} --samples 2 -o compared",
    "data info": "data info {data}",
    "data prepare": "data prepare {data} -o prepared --size 64",
}


def measured(folder: Path, words: str) -> dict[str, float]:
    """Return the seconds to the first output, the longest silence after it, and the whole."""
    shown = colorzoo(folder, words.split(), limit=3600)
    if shown.status:
        raise SystemExit(f"colorzoo {words}: status {shown.status}\n{shown.text[-2000:]}")
    return {
        "first": shown.first,
        "longest silence": max(shown.silences, default=0.0),
        "whole": shown.seconds,
    }


def torch_alone() -> float:
    """Return the seconds that importing torch takes."""
    start = time.monotonic()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    return time.monotonic() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument("--data", default="lfw")
    parser.add_argument("--limit", type=int, default=300)
    options = parser.parse_args()
    result: dict[str, object] = {"importing torch alone": torch_alone()}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        os.environ["COLORZOO_CACHE"] = str(folder / "cache")
        dataset = open_dataset(options.data, "test")
        pictures = folder / "pictures"
        pictures.mkdir()
        for path in dataset.files[: options.limit]:
            (pictures / path.name).symlink_to(path.resolve())
        for name, words in COMMANDS.items():
            known = {"data": options.data, "limit": options.limit, "pictures": pictures}
            result[name] = measured(folder, words.format(**known))
    table.show(result, options.out)


if __name__ == "__main__":
    main()
