"""Time a whole process from the Hub's cache to the first coloured picture, beside the import of torch.

    python -m bench.first_picture -o docs/results/first_picture

A small Hub on loopback serves the embedded weights of vae-mdn; they are pulled once, and what is timed is
`colorzoo run` on a picture, asking the Hub for the commit of a branch, and with --offline. Median of seven.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.table import main
from colorzoo.hub import catalog
from tests.servers.hub import SmallHub

REPO = "some/vae-mdn"
PICTURE = Path("examples/astronaut.png").resolve()
COLORZOO = (sys.executable, "-m", "colorzoo")
RUN = (*COLORZOO, "run", "vae-mdn", str(PICTURE), "-o", "out", "--weights")


def measure() -> dict[str, object]:
    """Return wall seconds of each command, and its CPU seconds."""
    with tempfile.TemporaryDirectory() as temporary:
        hub = SmallHub(Path(temporary) / "hub")
        hub.create(REPO)
        files = {f.name: f.read_bytes() for f in catalog.find("vae-mdn", "default").iterdir()}
        commit = hub.commit(REPO, files)
        env = {
            **os.environ, "HF_ENDPOINT": hub.address, "HF_HUB_DISABLE_XET": "1", "HF_HUB_OFFLINE": "0",
            "HF_HOME": f"{temporary}/hf", "COLORZOO_CACHE": f"{temporary}/cache",
        }  # fmt: skip
        timed([*COLORZOO, "pull", REPO], env, temporary, times=1)
        try:
            return {
                "import torch": timed([sys.executable, "-c", "import torch"], env, temporary),
                "embedded weights": timed([*RUN, "default"], env, temporary),
                "from the Hub's cache, by branch": timed([*RUN, REPO], env, temporary),
                "from the Hub's cache, by commit": timed([*RUN, f"{REPO}@{commit}"], env, temporary),
                "from the Hub's cache, offline": timed([*RUN, REPO, "--offline"], env, temporary),
            }
        finally:
            hub.close()


def timed(words: list[str], env: dict[str, str], folder: str, times: int = 7) -> dict[str, float]:
    walls, processors = [], []
    for _ in range(times):
        before, start = os.times(), time.perf_counter()
        subprocess.run(words, env=env, cwd=folder, check=True, capture_output=True)
        walls.append(time.perf_counter() - start)
        after = os.times()
        processors.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    return {"seconds": statistics.median(walls), "CPU seconds": statistics.median(processors)}


if __name__ == "__main__":
    main(__doc__, {"median of seven": measure})
