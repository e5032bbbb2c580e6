"""Jobs killed at a random moment, then done again: they end as if nothing had happened."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from bench.campaigns import campaign
from bench.campaigns.mutate import clouds, embedded
from bench.campaigns.watch import Outcome, outcome_of
from tests.servers.hub import SmallHub
from tests.servers.manga_site import OLD, Replica

MARK = "COLORZOO_CAMPAIGN"
GONE_SECONDS = 10.0
"""How long workers may take to see that nobody needs them."""
INTERRUPT_SECONDS = 20.0
"""How long Ctrl-C may take here, where several programs share a processor."""
INTERRUPTED_IMPORT = -signal.SIGINT
"""How Python ends where an import was interrupted, whatever the program says later."""
LEFTOVERS = ("*.part", "*.incomplete")
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


class Job(NamedTuple):
    """A command line, and what of its folder has to be equal in the end."""

    command: str
    compared: Callable[[Path], Mapping[str, object]]


class Campaign(campaign.Campaign):
    """Every job is done once undisturbed; its result and its duration are what cases go by."""

    limit = 600.0
    guarded = False  # what is watched are processes of their own

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.site, self.hub = Replica(per_chapter=6), SmallHub(home / "server")
        for number in range(8):
            path = home / "pictures" / f"c{number % 3}" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(clouds(number, 96, 128)).save(path)
        self.site.profile(home)
        self._publish()
        self.whole: dict[str, tuple[float, Mapping[str, object]]] = {}

    def case(self, chance: random.Random, folder: Path) -> Outcome:
        name = chance.choice(list(JOBS))
        seconds, whole = self._undisturbed(name)
        how, mark = chance.choice(SIGNALS), uuid.uuid4().hex
        after = chance.uniform(0.1, 1.05) * seconds
        (folder / "kill.txt").write_text(f"{name}: {how.name} after {after:.2f} of {seconds:.2f} s\n")
        outcome = self._killed(name, folder, how, after, mark)
        if outcome.verdict == "failed":
            return outcome
        return self._again(name, folder, whole) if outcome.verdict == "refused" else outcome

    def close(self) -> None:
        self.site.close()
        self.hub.close()

    def _undisturbed(self, name: str) -> tuple[float, Mapping[str, object]]:
        """Return how long a job takes alone and what it makes, measured at its first case."""
        if name not in self.whole:
            folder = campaign.emptied(self.home / "whole" / name)
            start = time.monotonic()
            done = self._run(JOBS[name].command, folder)
            if done.returncode:
                raise RuntimeError(f"{name} fails undisturbed: {done.stderr[-2000:]}")
            self.whole[name] = time.monotonic() - start, JOBS[name].compared(folder / "out")
        return self.whole[name]

    def _killed(self, name: str, folder: Path, how: signal.Signals, after: float, mark: str) -> Outcome:
        """Start a job and send a signal; it ends, with all that it started. Refused: it was cut off."""
        with subprocess.Popen(
            self._words(JOBS[name].command, folder), env=self._environment(folder, mark), cwd=folder,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
        ) as process:  # fmt: skip
            try:
                said, complained = process.communicate(timeout=after)
            except subprocess.TimeoutExpired:
                process.send_signal(how)
                sent = time.monotonic()
                try:
                    said, complained = process.communicate(timeout=30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    return Outcome("failed", f"{name}: goes on after {how.name}")
                took = time.monotonic() - sent
                alive = _alive(mark)
                if alive:
                    return Outcome("failed", f"{name}: {how.name} leaves processes", "\n".join(alive))
                if how is signal.SIGINT and took > INTERRUPT_SECONDS:
                    return Outcome(
                        "failed", f"{name}: Ctrl-C takes longer than {INTERRUPT_SECONDS:g} s", f"{took}"
                    )
                ended = (0, 130, -how, 128 + how, INTERRUPTED_IMPORT)
                end = outcome_of(process.returncode, said, complained, ended)
                if end.verdict == "failed":
                    return end._replace(cause=f"{name}: {how.name}: {end.cause}")
                return Outcome("refused")
        return outcome_of(process.returncode, said, complained, (0,))

    def _again(self, name: str, folder: Path, whole: Mapping[str, object]) -> Outcome:
        """Do the job again in the same folder: it ends well, equal, and leaves nothing half-written."""
        job = JOBS[name]
        done = self._run(job.command, folder)
        end = outcome_of(done.returncode, done.stdout, done.stderr, (0,))
        if end.verdict == "failed":
            return end._replace(cause=f"{name} again: {end.cause}")
        result = job.compared(folder / "out")
        other = sorted(key for key in {*result, *whole} if result.get(key) != whole.get(key))
        if other:
            return Outcome(
                "failed", f"{name} again: another result", f"{other[:20]} of {sorted(result)[:20]}"
            )
        left = [str(path.relative_to(folder)) for pattern in LEFTOVERS for path in folder.rglob(pattern)]
        return Outcome("failed", f"{name} again: leftovers", "\n".join(left)) if left else Outcome("read")

    def _run(self, command: str, folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._words(command, folder), env=self._environment(folder, ""), cwd=folder,
            capture_output=True, text=True, timeout=self.limit / 2, check=False,
        )  # fmt: skip

    def _words(self, command: str, folder: Path) -> list[str]:
        known = {
            "pictures": self.home / "pictures", "out": folder / "out", "site": self.site.url,
            "profile": self.home / "replica.toml", "hosts": self.site.allowed,
        }  # fmt: skip
        return [sys.executable, "-m", "colorzoo", *(word.format(**known) for word in command.split())]

    def _environment(self, folder: Path, mark: str) -> dict[str, str]:
        return {
            **os.environ, MARK: mark, "HOME": str(folder), "COLORZOO_CACHE": str(folder / "cache"),
            "HF_HOME": str(folder / "out" / "hf"), "HF_ENDPOINT": self.hub.address, "HF_HUB_OFFLINE": "0",
            "TMPDIR": str(self.home / "tmp"),
        }  # fmt: skip

    def _publish(self) -> None:
        self.hub.create("some/unet")
        self.hub.commit("some/unet", embedded("unet"))


def _alive(mark: str) -> list[str]:
    """Return the processes that still carry the mark, when they had time to end; they are killed."""
    end = time.monotonic() + GONE_SECONDS
    while (found := _marked(mark)) and time.monotonic() < end:
        time.sleep(0.1)
    for pid in found:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return list(found.values())


def _marked(mark: str) -> dict[int, str]:
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"{MARK}={mark}".encode() in (path / "environ").read_bytes().split(b"\0"):
                found[int(path.name)] = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


def files(folder: Path, *ignored: str) -> dict[str, object]:
    """Return the digests of all files, but for those with a part of an ignored name."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not {*path.relative_to(folder).parts} & {*ignored}
    }


def manifest(folder: Path) -> dict[str, object]:
    """Return what a run's manifest says of each picture, but for how long it took."""
    lines = (folder / "colorized.jsonl").read_text().splitlines()
    last = {row["key"]: row for row in map(json.loads, lines)}
    return {key: {name: row[name] for name in row if name != "seconds"} for key, row in last.items()}


def weights(folder: Path) -> dict[str, object]:
    """Return the digest of trained weights."""
    return {"model": hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()}


def measured(folder: Path) -> dict[str, object]:
    """Return what was measured, but for times and memory."""
    results = json.loads((folder / "results.json").read_text())
    return {f"{method['label']} {name}": value for method in results["methods"]
            for name, value in method["values"].items()} | {"pairs": results["pairs"]}  # fmt: skip


def pulled(folder: Path) -> dict[str, object]:
    """Return the digests of pulled files by name."""
    found = (folder / "hf" / "hub").glob("models--*/snapshots/*/*")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


DATA = "--data {pictures} --split all -o {out}"
SETTINGS = "--set size=32 --set width=2 --set fit.steps=60 --set fit.batch_size=4 --checkpoint-seconds 0.2"
CRAWL = f"data crawl {{site}}/{OLD}/ -o {{out}} --profile {{profile}} --delay 0.05"
JOBS = {
    "prepare": Job(
        "data prepare {pictures} -o {out} --size 300 --format png --workers 2",
        lambda folder: files(folder, ".prepare", ".report"),
    ),
    "crawl": Job(
        f"{CRAWL} --allow-host {{hosts[0]}} --allow-host {{hosts[1]}}",
        lambda folder: files(folder, ".crawl"),
    ),
    "pull": Job("pull some/unet", pulled),
    "run": Job(
        "run vae-mdn {pictures} -o {out} --samples 2 --seed 1",
        lambda folder: files(folder, "colorized.jsonl") | manifest(folder),
    ),
    "run with workers": Job(
        "run vae-mdn {pictures} -o {out} --samples 2 --seed 1 --workers 2",
        lambda folder: files(folder, "colorized.jsonl") | manifest(folder),
    ),
    "train": Job(f"train unet {DATA} --threads 1 --device cpu --resume {SETTINGS}", weights),
    "compare": Job(
        f"compare vae-mdn {DATA} --samples 2 --side 64 --workers 2 --metrics mse255,eob@1", measured
    ),
}
