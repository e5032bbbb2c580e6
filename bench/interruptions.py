"""Ctrl-C at random moments, then the same command again: what was done twice, and is the end the same?

    python -m bench.interruptions [VERB...] [-o docs/results/interruptions] [--each 10] [--seed 0]

Real commands on terminals of their own; their colorizers and source are slow, and note each unit of work
they begin (bench/tally.py): a picture coloured or prepared, a step taken. Done twice: units beyond those of
an undisturbed command.
"""

from __future__ import annotations

import argparse
import random
import signal
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from bench import tally
from bench.campaigns.kills import INTERRUPTED_IMPORT, files, measured, weights
from bench.table import show
from colorzoo.testing import synthetic_picture
from tests.command_line import CommandLine
from tests.zoo.terminal import Shown, colorzoo

ROOT = Path(__file__).parents[1]
PICTURES = 24
SETTINGS = "--set size=32 --set width=2 --set fit.steps=40 --set fit.batch_size=4 --validate-every 0"


class Job(NamedTuple):
    """A command line, what has to be equal in the end, and how many units may be done twice."""

    command: str
    compared: Callable[[Path], Mapping[str, object]]
    twice: int


JOBS = {
    "run": Job(  # a picture a worker: what is done when the interruption is seen is settled first
        "run slow {pictures} -o out --seed 1 --workers 2", lambda out: files(out, "colorized.jsonl"), 2
    ),
    "train": Job(
        f"train taught --data {{pictures}} --split all -o out --device cpu --threads 1 --resume {SETTINGS}",
        weights, 0,
    ),
    "compare": Job(  # a picture a worker, and the first one of each; or the examples of the report
        "compare slow --data {pictures} --split all -o out --side 64 --workers 2 --metrics mse255",
        measured, 9,
    ),
    "prepare": Job(
        "data prepare slow:{many} -o out --size 64 --format png --workers 2",
        lambda out: files(out, ".prepare", ".report"), 2,
    ),
}  # fmt: skip


class Attempt(NamedTuple):
    """A command that ended: what was seen of it, and the units it began."""

    shown: Shown
    units: int


class Interruptions:
    """Made pictures, an installed plugin, and a folder a job below `home`."""

    def __init__(self, home: Path, command_line: CommandLine | None = None) -> None:
        self.home, self.command_line = home, command_line
        for name, count in (("pictures", PICTURES), ("many", 3 * PICTURES)):
            for number in range(count):
                path = home / name / f"{number:02}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(synthetic_picture(number)).save(path)
        info = home / "site" / "tally-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tally\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[colorzoo]\ntally = bench.tally\n")

    def measure(self, name: str, count: int, chance: random.Random) -> dict[str, object]:
        """Interrupt as many jobs of a verb once each, and do them to their end."""
        whole = self.attempt(name, "whole")
        expected = JOBS[name].compared(self.home / name / "whole" / "out")
        extra, failures = [], []
        for number in range(count):
            try:
                units = self.interrupted(
                    name, str(number), chance.uniform(0, whole.shown.seconds), expected
                )
                extra.append(units - whole.units)
            except RuntimeError as error:
                failures.append(str(error))
        return {
            "units of an undisturbed command": whole.units,
            "interruptions": count,
            "units done twice, in all": sum(extra),
            "units done twice, at most": max(extra, default=0),
            "seconds of them": max(extra, default=0) * tally.SECONDS,
            "other ends": failures or "none",
        }

    def interrupted(self, name: str, folder: str, after: float, expected: Mapping[str, object]) -> int:
        """Interrupt a job after so many seconds and do it again; return the units that both began.

        Raises:
            RuntimeError: it ended in another way than it should, or with another result.
        """
        first = self.attempt(name, folder, after)
        if first.shown.status not in (0, 130, INTERRUPTED_IMPORT) or "Traceback" in first.shown.text:
            raise RuntimeError(
                f"{name} after {after:.2f} s: {first.shown.status}\n{first.shown.text[-3000:]}"
            )
        again = self.attempt(name, folder)
        if JOBS[name].compared(self.home / name / folder / "out") != expected:
            raise RuntimeError(f"{name} after {after:.2f} s: another result than undisturbed")
        return first.units + again.units

    def attempt(self, name: str, folder: str, after: float | None = None) -> Attempt:
        """Run a job in a folder, to its end or the interruption."""
        work = self.home / name / folder
        work.mkdir(parents=True, exist_ok=True)
        count = work / "units"
        count.write_bytes(b"")
        words = JOBS[name].command.format(pictures=self.home / "pictures", many=self.home / "many").split()
        env = {"COLORZOO_CACHE": str(work / "cache"), "PYTHONPATH": f"{self.home / 'site'}:{ROOT}"}
        until = None if after is None else ""
        env[tally.FILE] = str(count)
        shown = colorzoo(work, words, until=until, wait=after or 0, command_line=self.command_line, **env)
        if after is None and shown.status:
            raise RuntimeError(f"{name}: {shown.status}\n{shown.text[-3000:]}")
        return Attempt(shown, count.read_bytes().count(b"\n"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("verbs", nargs="*", metavar="VERB", default=list(JOBS), help="which [default: all]")
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument("--each", type=int, default=10, help="interruptions of each verb")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # jobs in the background ignore it, heirs too
    with tempfile.TemporaryDirectory() as home:
        jobs = Interruptions(Path(home))
        show(
            {
                name: jobs.measure(name, options.each, random.Random(f"{options.seed} {name}"))
                for name in options.verbs
            },
            options.out,
        )


if __name__ == "__main__":
    main()
