"""Measure folders of many small photos: workers, memory, the second run, and what kills cost.

    python -m bench.bulk [-o docs/results/bulk] [--count 10000] [--kills 20]

Photos of 128 pixels a side are made by rule, and coloured by real commands, each a process of its own.

speed      pictures a second of one worker and of two; of a plain loop over cv2.imread, the same model and
           cv2.imwrite, with torch as it comes; times of the whole command
memory     resident MiB of the command, without its workers, after a tenth of the pictures and after nine
ray        the same on a Ray cluster of this machine, where Ray is installed: whole commands
again      seconds of the same command once more, and of it after one picture has changed
kills      commands killed at random moments and started again until they end: other bytes than undisturbed,
           pictures begun more than once beyond what was under way
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import psutil

from bench import table
from colorzoo.testing import synthetic_picture

SIDE, UNDER_WAY = 128, 6
"""Pixels of a side, and pictures that two workers hold at once."""
RESULT = "-1."
"""In the names of results and of nothing else."""
UNHEARD = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
PLAIN = """
import sys, time
from pathlib import Path
import cv2, numpy as np, torch, colorzoo
name, folder, out, threads = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
if threads:
    torch.set_num_threads(threads)
    cv2.setNumThreads(threads)
model = colorzoo.load(name)
options = {"samples": 1, "seed": 1, **model.single_answer}
out.mkdir()
start = time.perf_counter()
for path in sorted(folder.iterdir()):
    gray = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2GRAY)
    with torch.inference_mode():
        colored = model(torch.from_numpy(gray)[None, None].float() / 255, **options)[0, 0]
    pixels = (colored.permute(1, 2, 0).clamp(0, 1) * 255).round().byte().numpy()
    cv2.imwrite(str(out / f"{path.stem}.png"), np.ascontiguousarray(pixels[..., ::-1]))
print(time.perf_counter() - start)
"""


class Bulk:
    """Made photos in a folder below `home`, and commands that colour them."""

    def __init__(self, home: Path, model: str, count: int) -> None:
        self.home, self.model, self.count = home, model, count
        self.photos = home / "photos"
        self.photos.mkdir()
        for number in range(count):
            pixels = cv2.resize(synthetic_picture(number, 24, 32), (SIDE, 3 * SIDE // 4))
            cv2.imwrite(str(self.photos / f"{number:05}.jpg"), pixels)

    def command(self, out: str, workers: int, *more: str) -> list[str]:
        words = ["run", self.model, str(self.photos), "-o", str(self.home / out), "--seed", "1"]
        return [sys.executable, "-m", "colorzoo", *words, "--workers", str(workers), *more]

    def run(self, out: str, workers: int, *more: str) -> tuple[float, str]:
        start = time.perf_counter()
        command = self.command(out, workers, *more)
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return time.perf_counter() - start, done.stdout

    def plain(self, threads: int) -> float:
        """Return the seconds of a plain loop, with torch's own number of threads for 0."""
        words = [
            sys.executable,
            "-c",
            PLAIN,
            self.model,
            self.photos,
            self.home / f"plain{threads}",
            str(threads),
        ]
        return float(subprocess.run(words, check=True, capture_output=True, text=True).stdout)

    def speed(self) -> dict[str, float]:
        """Return pictures a second, at work: without the start of processes of Python."""
        plain, single = self.plain(0), self.plain(1)
        one, said_one = self.run("one", 1)
        two, said_two = self.run("two", 2)
        speeds = [float(re.search(r"([\d.e+]+) pictures/s", said)[1]) for said in (said_one, said_two)]
        return {
            "plain loop, pictures/s": self.count / plain,
            "plain loop on one thread, pictures/s": self.count / single,
            "one worker, pictures/s": speeds[0],
            "two workers, pictures/s": speeds[1],
            "two workers over one": speeds[1] / speeds[0],
            "two workers over the plain loop": speeds[1] * plain / self.count,
            "two workers over the plain loop on one thread": speeds[1] * single / self.count,
            "one worker, seconds of the command": one,
            "two workers, seconds of the command": two,
            "pictures with other bytes": _different(self.home / "one", self.home / "two"),
        }

    def memory(self) -> dict[str, float]:
        """Return resident MiB of the command when a tenth and nine tenths of the pictures are done."""
        places, found = {self.count // 10: 0.0, 9 * self.count // 10: 0.0}, {}
        process = subprocess.Popen(
            self.command("memory", 2), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            done = _done(self.home / "memory")
            for place in places:
                if done >= place and place not in found:
                    found[place] = watched.memory_info().rss / 2**20
            time.sleep(0.05)
        first, last = (found[place] for place in places)
        return {
            "after a tenth, MiB": first,
            "after nine tenths, MiB": last,
            "growth, percent": 100 * (last / first - 1),
        }

    def ray(self) -> dict[str, float]:
        """Return seconds of the whole command with two workers, on a cluster and without; after `speed`."""
        here, _ = self.run("here", 2)
        there, _ = self.run("ray", 2, "--engine", "ray")
        return {
            "two workers, seconds": here,
            "two workers of a cluster, seconds": there,
            "pictures with other bytes": _different(self.home / "here", self.home / "ray"),
        }

    def again(self) -> dict[str, float]:
        seconds, _ = self.run("two", 2)
        (self.photos / "00000.jpg").write_bytes((self.photos / "00001.jpg").read_bytes())
        changed, said = self.run("two", 2)
        assert f"{self.count - 1:,} of them before" in said, said
        return {"nothing to do, seconds": seconds, "one picture changed, seconds": changed}

    def kills(self, count: int) -> dict[str, float]:
        """Return what became of as many kills, spread over jobs that are started again until they end."""
        chance, killed, twice, orphans = random.Random(0), 0, 0, 0
        usual, _ = self.run("whole", 2)
        while killed < count:
            out = self.home / f"killed-{killed}"
            while True:
                begun = _times(out)
                process = subprocess.Popen(
                    self.command(out.name, 2), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
                try:
                    process.wait(chance.uniform(0.1, 0.8) * usual if killed < count else None)
                    break
                except subprocess.TimeoutExpired:
                    family = psutil.Process(process.pid).children(recursive=True)
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    alive = psutil.wait_procs(family, timeout=60)[1]
                    orphans += sum(one.status() != psutil.STATUS_ZOMBIE for one in alive)
                    killed += 1
                finally:
                    now = _times(out)
                    twice = max(twice, sum(now.get(name, at) != at for name, at in begun.items()))
            other = _different(self.home / "whole", out)
            if other:
                return {"other bytes": other}
        return {
            "kills": killed, "pictures with other bytes": 0, "made twice after one kill, at most": twice,
            "of which under way, at most": UNDER_WAY, "processes left": orphans,
        }  # fmt: skip


def _done(out: Path) -> int:
    return sum(RESULT in entry.name for entry in os.scandir(out)) if out.exists() else 0


def _times(out: Path) -> dict[str, int]:
    return {entry.name: entry.stat().st_mtime_ns for entry in out.glob(f"*{RESULT}*")}


def _different(one: Path, two: Path) -> int:
    """Return of how many results the bytes differ; the manifests may differ in times alone."""
    digests = [
        {path.name: hashlib.sha256(path.read_bytes()).digest() for path in folder.glob(f"*{RESULT}*")}
        for folder in (one, two)
    ]
    rows = [[json.loads(line) for line in (folder / "colorized.jsonl").open()] for folder in (one, two)]
    told = [sorted((row["key"], row["made_by"]) for row in each) for each in rows]
    return len(dict(digests[0].items() ^ digests[1].items())) + (told[0] != told[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--model", default="unet")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        bulk = Bulk(Path(home), options.model, options.count)
        result: dict[str, object] = {"pictures": options.count, "colorizer": options.model}
        result |= {"speed": bulk.speed(), "memory": bulk.memory()}
        result |= {"ray": bulk.ray()} if importlib.util.find_spec("ray") else {}
        result |= {"again": bulk.again()}
        result |= {"kills": bulk.kills(options.kills)} if options.kills else {}
        table.show(result, options.out)


if __name__ == "__main__":
    main()
