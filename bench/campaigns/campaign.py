"""The engine: cases in worker processes, each with a time limit; what failed is counted and kept."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from bench.campaigns.watch import Guard, Outcome, Outside, failure, temporary

LIMIT_SECONDS = 30.0
START_SECONDS = 900.0
MEMORY_BYTES = 12 << 30
"""Address space of a worker: a bomb is a MemoryError there, not the end of the machine."""
KEPT_EACH = 5
"""Failing inputs kept of one cause."""


class Campaign:
    """Base of all campaigns: built once a worker, asked for case after case.

    home: folder for what all cases of this worker share.
    """

    limit = LIMIT_SECONDS
    guarded = True

    def __init__(self, home: Path) -> None:
        self.home = home

    def case(self, chance: random.Random, folder: Path) -> Outcome:
        """Run one case in an empty folder; all choices are made by `chance`."""
        raise NotImplementedError

    def close(self) -> None:
        """End what was started."""


@dataclass
class Report:
    """What came of a campaign."""

    name: str
    cases: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    causes: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    details: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def add(self, case: int, outcome: Outcome) -> None:
        """Count an outcome."""
        self.cases += 1
        self.verdicts[outcome.verdict] += 1
        if outcome.verdict == "failed":
            self.causes[outcome.cause].append(case)
            self.details.setdefault(outcome.cause, outcome.detail)

    def row(self) -> str:
        """Return the table's row."""
        counts = [self.cases, *(self.verdicts[name] for name in ("refused", "read", "failed"))]
        return f"| {self.name} | {' | '.join(f'{count:,}' for count in counts)} | {self.seconds:,.0f} |"


HEAD = "| campaign | cases | refused | read | failures | seconds |\n|---|---|---|---|---|---|"


def run(
    kind: type[Campaign],
    cases: Iterable[int],
    seed: int,
    work: Path,
    *,
    name: str = "",
    kept: Path | None = None,
    limit: float | None = None,
) -> Report:
    """Run cases of a campaign; kept: folder that gets the inputs of failures."""
    report, start = Report(name or kind.__module__.rpartition(".")[2]), time.perf_counter()
    worker = None
    try:
        for case in cases:
            worker = worker or Worker(kind, seed, work, limit or kind.limit)
            outcome = worker.ask(case)
            report.add(case, outcome)
            if outcome.verdict == "failed":
                _keep(report, case, seed, outcome, work / "case", kept)
            if not worker.process.is_alive():
                worker = None
    finally:
        if worker:
            worker.end()
    report.seconds = time.perf_counter() - start
    return report


class Worker:
    """A process with one campaign in it."""

    def __init__(self, kind: type[Campaign], seed: int, work: Path, limit: float) -> None:
        self.limit, self.last_words = limit, work / "last-words.txt"
        work.mkdir(parents=True, exist_ok=True)
        self.last_words.touch()
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, kind, seed, work, limit))
        self.process.start()
        theirs.close()
        begun = self._answer(START_SECONDS)  # sound inputs are made, libraries loaded
        if begun.verdict == "failed":
            raise RuntimeError(f"{kind.__module__} cannot begin: {begun.cause}\n{begun.detail}")

    def ask(self, case: int) -> Outcome:
        """Return what came of a case; a worker that hangs or dies is a failure of it."""
        self.connection.send(case)
        return self._answer(self.limit + 10)

    def _answer(self, seconds: float) -> Outcome:
        try:
            if self.connection.poll(seconds):
                return self.connection.recv()
        except (EOFError, OSError):
            pass
        self.end()
        words = self.last_words.read_text(errors="replace")
        what = f"longer than {self.limit:g} s" if "Timeout" in words else f"died, {self.process.exitcode}"
        return Outcome("failed", f"{what}, {_frame(words)}", words[-4000:])

    def end(self) -> None:
        """Stop the process."""
        self.connection.close()
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()


def _frame(words: str) -> str:
    """Return the innermost function of ours in what faulthandler wrote."""
    root = str(Path(__file__).parents[2])
    lines = [
        line
        for line in words.splitlines()
        if root in line and "/bench/" not in line and "/.venv" not in line
    ]
    return lines[0].strip().replace(f"{root}/", "")[:150] if lines else "foreign code"


def _serve(connection: Connection, kind: type[Campaign], seed: int, work: Path, limit: float) -> None:
    """Answer case after case, in the worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    sys.dont_write_bytecode = True
    home, folder = work / "home", work / "case"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    _isolate(home)
    with (work / "last-words.txt").open("w") as words:
        os.dup2(words.fileno(), 2)  # decoders in C write there, too
        faulthandler.enable(words)
        faulthandler.dump_traceback_later(START_SECONDS - 10, exit=True, file=words)
        campaign = kind(home)
        guard = Guard(home, folder) if kind.guarded else None
        connection.send(Outcome("read"))
        try:
            while True:
                case = connection.recv()
                emptied(folder)
                faulthandler.dump_traceback_later(limit, exit=True, file=words)
                outcome = _attempt(
                    campaign, guard, random.Random(f"{kind.__module__}/{seed}/{case}"), folder
                )
                faulthandler.cancel_dump_traceback_later()
                connection.send(outcome)
        except EOFError:
            campaign.close()


def _isolate(home: Path) -> None:
    """Let nothing of the user's be found, and everything be written below a folder."""
    temporary(home / "tmp")
    os.environ |= {
        "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "COLORZOO_CACHE": str(home / "colorzoo"),
        "HF_HOME": str(home / "hf"), "OMP_NUM_THREADS": "1",
        "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "COLUMNS": "200",
    }  # fmt: skip
    for name in ("COLORZOO_DATA", "COLORZOO_PLUGINS", "COLORZOO_STRICT_PLUGINS", "HF_TOKEN"):
        os.environ.pop(name, None)


def _attempt(campaign: Campaign, guard: Guard | None, chance: random.Random, folder: Path) -> Outcome:
    try:
        if not guard:
            return campaign.case(chance, folder)
        with guard.watching():
            outcome = campaign.case(chance, folder)
    except Outside as error:
        outcome = failure(error)
    except Exception as error:
        return failure(error)
    offences = guard.offences if guard else []
    return Outcome("failed", f"outside: {offences[0]}", outcome.detail) if offences else outcome


def emptied(folder: Path) -> Path:
    """Return a folder with nothing in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _keep(report: Report, case: int, seed: int, outcome: Outcome, folder: Path, kept: Path | None) -> None:
    """Say what failed and how to see it again; copy its input."""
    if len(report.causes[outcome.cause]) > KEPT_EACH:
        return
    print(f"{report.name} --seed {seed} --only {case}: {outcome.cause}", flush=True)
    if kept:
        place = kept / f"{report.name}-{seed}-{case}"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(folder, place / "case", symlinks=True, ignore_dangling_symlinks=True)
        (place / "outcome.txt").write_text(f"{outcome.cause}\n\n{outcome.detail}\n", errors="replace")
