"""Damaged state of our own: caches, journals, checkpoints, settings, results, records of pulls."""

from __future__ import annotations

import random
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from bench.campaigns import campaign
from bench.campaigns.mutate import (
    clouds,
    embedded,
    json_damaged,
    lines_damaged,
    mutated,
    npy_damaged,
    safetensors_damaged,
)
from bench.campaigns.watch import Outcome, call, verb, worst
from tests.servers.hostile_hub import COMMIT, REPO, HostileHub, machine
from tests.servers.manga_site import OLD, Replica

TINY = ("size=32", "width=2", "fit.steps=4", "fit.batch_size=2")
METRICS = ["mse255", "colorfulness"]


class State(NamedTuple):
    """A file of ours, how it is damaged, and the verbs that read it."""

    pattern: str
    damage: Callable[[bytes, random.Random], bytes]
    verbs: tuple[str, ...]


class Campaign(campaign.Campaign):
    """All jobs are done once; a case restores what they left, damages one file, and reads it."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.place, self.sound = home / "place", home / "sound"
        self.site, self.open = Replica(), ExitStack()
        hub = self.open.enter_context(HostileHub(embedded("unet")))  # an honest one
        self.open.enter_context(machine(self.place, hub.address))
        self._pictures(self.place / "pictures")
        self.site.profile(self.place)
        for name in VERBS:
            self.do(name, may_fail=False)
        self._verified()
        shutil.copytree(self.place, self.sound, symlinks=True)

    def case(self, chance: random.Random, folder: Path) -> Outcome:
        state = chance.choice(STATES)
        files = sorted(path for path in self.place.glob(state.pattern) if path.is_file())
        file = chance.choice(files)
        damaged = state.damage(file.read_bytes(), chance)
        (folder / file.name).write_bytes(damaged)
        (folder / "where.txt").write_text(f"{file.relative_to(self.place)}\n{state.verbs}\n")
        file = file.resolve()  # the Hub's cache links to what it holds
        file.write_bytes(damaged)
        try:
            return worst(*(self.do(name) for name in state.verbs))
        finally:
            self._restore()

    def close(self) -> None:
        self.site.close()
        self.open.close()

    def do(self, name: str, *, may_fail: bool = True) -> Outcome:
        """Run one of our verbs; a name stands for its whole command line."""
        words = VERBS[name]
        if callable(words):
            return words(self.place)
        return verb(*map(self._filled, words.split()), may_fail=may_fail)

    def _filled(self, word: str) -> str:
        """Return a word of a verb with what is known only now: folder, commit, addresses."""
        return word.format(
            place=self.place, repo=f"{REPO}@{COMMIT}", site=self.site.url, hosts=self.site.allowed,
            profile=self.place / "replica.toml",
        )  # fmt: skip

    def _restore(self) -> None:
        shutil.rmtree(self.place)
        shutil.copytree(self.sound, self.place, symlinks=True)

    def _pictures(self, folder: Path) -> None:
        for number in range(6):
            path = folder / f"c{number % 3}" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(clouds(number)).save(path)

    def _verified(self) -> None:
        for state in STATES:
            if not list(self.place.glob(state.pattern)):
                raise LookupError(f"nothing healthy at {state.pattern}")


def compared(place: Path) -> Outcome:
    """Compare without trying out costs, which would start processes."""
    return call(lambda: _compare(place))


def _compare(place: Path) -> None:
    from colorzoo.core.compare.examples import write_examples
    from colorzoo.core.compare.measurements import MeasurementStore
    from colorzoo.core.compare.results import FILE, write_results
    from colorzoo.core.compare.runner import Comparison
    from colorzoo.core.files import cache_root
    from colorzoo.jobs.compare import PICTURES, CompareOptions, task_of

    options = CompareOptions(split="all", samples=1, side=32, metrics=METRICS)
    task = task_of(["grey"], str(place / "pictures"), options)
    store = MeasurementStore(cache_root() / "compare" / "measured.sqlite")
    results = Comparison(task, store).run(1, costs=False)
    if results:
        out = place / "comparison"
        write_results(write_examples(task, results, out / PICTURES), out / FILE)


def rows_damaged(data: bytes, chance: random.Random) -> bytes:
    """Damage the bytes of an SQLite file, or what stands in it."""
    if chance.random() < 0.4:
        return chance.choice((b"", mutated(data, chance)))
    base = sqlite3.connect(":memory:")
    with closing(base):
        base.deserialize(_plain(data))
        key, row = chance.choice(base.execute("SELECT key, row FROM rows").fetchall())
        text = zlib.decompress(row)
        base.execute("PRAGMA journal_mode = MEMORY")
        value = chance.choice((
            zlib.compress(json_damaged(text, chance)), zlib.compress(json_damaged(text, chance)),
            mutated(row, chance), b"", "text", 7, None, zlib.compress(b"[" * 10_000_000),
        ))  # fmt: skip
        with base:
            base.execute("UPDATE rows SET row = ? WHERE key = ?", (value, key))
            if chance.random() < 0.1:
                base.execute(
                    chance.choice(("DROP TABLE rows", "ALTER TABLE rows RENAME TO x", "DELETE FROM rows"))
                )
        return base.serialize()


def _plain(data: bytes) -> bytes:
    """Return an SQLite file that says it has no write-ahead log, so that memory can hold it."""
    return data[:18] + b"\x01\x01" + data[20:]


PREPARE = "data prepare {place}/pictures --size 16 --workers 1 --dedupe"
TRAIN = "train unet --data {place}/pictures --split all -o {place}/run --threads 1 --device cpu --resume"
CRAWL = f"data crawl {{site}}/{OLD}/ -o {{place}}/crawl --profile {{profile}} --delay 0"
RUN = "run unet {place}/pictures/c0/0.png -o {place}/out --seed 1 --weights"
VERBS: dict[str, str | Callable[[Path], Outcome]] = {
    "prepare": f"{PREPARE} -o {{place}}/files --format jpg",
    "prepare packed": f"{PREPARE} -o {{place}}/packed --format packed",
    "info": "data info pages:{place}/pictures",
    "info packed": "data info packed:{place}/packed",
    "train": " ".join([TRAIN, *(f"--set {pair}" for pair in TINY)]),
    "crawl": f"{CRAWL} --allow-host {{hosts[0]}} --allow-host {{hosts[1]}}",
    "info manga": "data info manga:{place}/crawl",
    "pull": "pull {repo}",
    "list": "weights list",
    "verify": "weights verify {repo}",
    "run pulled": f"{RUN} {{repo}}",
    "show": "weights show {place}/run",
    "run": f"{RUN} {{place}}/run",
    "compare": compared,
    "table": "report table {place}/comparison",
    "merge": "report merge {place}/comparison {place}/comparison -o {place}/merged",
}
STATES = [
    State("packed/index.json", json_damaged, ("info packed", "prepare packed")),
    State("packed/images.npy", npy_damaged, ("info packed", "prepare packed")),
    State("files/.prepare/settings.json", json_damaged, ("prepare",)),
    State("*/.prepare/rows.jsonl", lines_damaged, ("prepare", "prepare packed")),
    State("colorzoo/facts/*.json", json_damaged, ("info",)),
    State("colorzoo/packed/*.json", json_damaged, ("train", "compare")),
    State("colorzoo/packed/*.npy", npy_damaged, ("train", "compare")),
    State("colorzoo/compare/measured.sqlite", rows_damaged, ("compare",)),
    State("run/checkpoint.safetensors", safetensors_damaged, ("train",)),
    State("run/log.jsonl", lines_damaged, ("train",)),
    State("run/config.json", json_damaged, ("show", "run")),
    State("run/model.safetensors", safetensors_damaged, ("show", "run")),
    State("comparison/results.json", json_damaged, ("table", "merge")),
    State("crawl/manifest.jsonl", lines_damaged, ("info manga", "crawl")),
    State("crawl/.crawl/lists.jsonl", lines_damaged, ("info manga", "crawl")),
    State("colorzoo/hub/*/*/*.json", json_damaged, ("list", "verify", "pull", "run pulled")),
    State("hf/models--*/snapshots/*/config.json", json_damaged, ("list", "verify", "run pulled")),
]
