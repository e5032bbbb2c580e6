"""From any dataset to pictures of one size, by several processes; a kill at any moment loses nothing."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
from pydantic import Field

from colorzoo.core import processes
from colorzoo.core.config import Settings, Strict
from colorzoo.core.dataset import Dataset, Progress
from colorzoo.core.errors import DataError, ImageError
from colorzoo.core.images import Picture, Pixels, atomic_write, read, square, write
from colorzoo.core.journal import Journal, exclusive
from colorzoo.core.packed import IMAGES, INDEX, Fit, write_packed
from colorzoo.core.verdict import Seen, color_spread, perceptual_hash

HIDDEN, CHUNK = ".prepare", 50
REPORT = ".report"
"""Folder of the sheet and the figure; hidden, or they would pass for pictures of the dataset."""
MEASURED_AT = 64
"""Least side at which colour and likeness are measured, whatever size is wanted."""


class PrepareOptions(Settings):
    """What the pictures become, and which are kept."""

    size: int = Field(512, ge=8, le=8192, description="side of the squares, in pixels")
    fit: Fit = Field("pad", description="pad with the edge, crop the middle, or squash")
    format: Literal["jpg", "png", "packed"] = Field("jpg", description="files, or one array")
    min_chroma: float = Field(0.0, ge=0, description="least colour beyond a tint of a picture to keep")
    dedupe: bool = Field(False, description="keep only the first of pictures that look alike")


class Row(Strict):
    """What was found out about one picture of the source."""

    key: str
    width: int = 0
    height: int = 0
    spread: float = 0
    hash: str = ""
    verdict: Literal["kept", "colourless", "duplicate", "broken"] = "kept"
    note: str = ""


class Prepared(Strict):
    """The outcome: counts by verdict, and what it was made from."""

    source: str
    split: str
    fingerprint: str
    options: PrepareOptions
    counts: dict[str, int]


class Preparation:
    """One source, one folder, one set of options."""

    def __init__(self, dataset: Dataset, address: str, out: Path, options: PrepareOptions) -> None:
        self.dataset, self.address, self.out, self.options = dataset, address, out, options
        self.ids = dataset.ids()
        self.names = file_names(self.ids)
        self.hidden = out / HIDDEN
        self.rows: list[Row] = []
        """One a picture, in the order of the source, when `run` is done."""

    def run(self, workers: int = 1, progress: Progress | None = None) -> Prepared:
        """Do what is still to be done; the result does not depend on workers or interruptions."""
        if not self.ids:
            raise DataError(f"{self.address}: split {self.dataset.split!r} holds no pictures")
        with exclusive(self.hidden, self.out / IMAGES, self.out / INDEX):
            self._same_as_before()
            journal = Journal(self.hidden / "rows.jsonl", Row)
            self._work(journal, workers, progress)
            self.rows = judged([journal.records[key] for key in self.ids], self.options)
            self._finish()
        result = Prepared(
            source=self.address,
            split=self.dataset.split,
            fingerprint=self.dataset.fingerprint,
            options=self.options,
            counts=dict(Counter(row.verdict for row in self.rows)),
        )
        with atomic_write(self.out / REPORT / "report.json") as file:
            file.write(result.model_dump_json(indent=1).encode() + b"\n")
        return result

    def kept(self) -> Iterator[tuple[Row, Callable[[], Pixels]]]:
        """Yield what was kept with a function that reads it; after `run`."""
        chosen = [(index, row) for index, row in enumerate(self.rows) if row.verdict == "kept"]
        for place, (index, row) in enumerate(chosen):
            yield row, partial(self._pixels, place, index)

    def _pixels(self, place: int, index: int) -> Pixels:
        if self.options.format == "packed":
            return np.asarray(np.load(self.out / IMAGES, mmap_mode="r")[place])
        return read(self._file(self.out, index)).rgb

    @property
    def _array(self) -> Path:
        return self.hidden / "all.npy"

    def _file(self, root: Path, index: int) -> Path:
        return root / f"{self.names[index]}.{self.options.format}"

    def _work(self, journal: Journal[Row], workers: int, progress: Progress | None) -> None:
        todo = [index for index, key in enumerate(self.ids) if key not in journal.records]
        if self.options.format == "packed" and todo:
            _reserve(self._array, len(self.ids), self.options.size)
        chunks = [todo[start : start + CHUNK] for start in range(0, len(todo), CHUNK)]
        done = len(self.ids) - len(todo)
        for rows in self._computed(chunks, workers):
            journal.add(*rows)
            done += len(rows)
            if progress:
                progress(done, len(self.ids))

    def _computed(self, chunks: Sequence[Sequence[int]], workers: int) -> Iterator[list[Row]]:
        if workers <= 1 or len(chunks) <= 1:
            yield from map(self._chunk, chunks)
            return
        with processes.pool(workers, processes.forked(), _start, self) as pool:
            jobs = [pool.submit(_do, chunk) for chunk in chunks]
            try:
                for job in as_completed(jobs):
                    yield job.result()
            except BrokenProcessPool:
                raise DataError(
                    "a worker was killed, perhaps for want of memory; run again with fewer --workers"
                ) from None

    def _chunk(self, indices: Sequence[int]) -> list[Row]:
        array = np.load(self._array, mmap_mode="r+") if self.options.format == "packed" else None
        return [self._one(index, array) for index in indices]

    def _one(self, index: int, array: Pixels | None) -> Row:
        """Measure one picture and store it at its new size."""
        key = self.ids[index]
        try:
            sample = self.dataset.reduced(index, max(self.options.size, MEASURED_AT))
        except (ImageError, DataError) as error:
            return Row(key=key, verdict="broken", note=str(error))
        fitted = square(sample.image, self.options.size, self.options.fit)
        if array is not None:
            array[index] = fitted
        else:
            write(self._file(self.hidden / "pictures", index), Picture(fitted))
        height, width = sample.size
        shown = fitted if self.options.size >= MEASURED_AT else sample.image
        spread = round(color_spread(shown), 3)
        hash = f"{perceptual_hash(shown):016x}" if self.options.dedupe else ""
        return Row(key=key, width=width, height=height, spread=spread, hash=hash)

    def _finish(self) -> None:
        """Bring what is kept to its place."""
        if self.options.format == "packed":
            if self._array.exists():  # or it was finished before
                chosen = [index for index, row in enumerate(self.rows) if row.verdict == "kept"]
                write_packed(self.out, self._array, chosen, [self.ids[i] for i in chosen], self.options.fit)
            return
        for index, row in enumerate(self.rows):
            here = self._file(self.hidden / "pictures", index)
            if row.verdict == "kept" and here.exists():
                there = self._file(self.out, index)
                there.parent.mkdir(parents=True, exist_ok=True)
                here.replace(there)

    def _same_as_before(self) -> None:
        """Refuse a folder that was begun with other pictures or options."""
        listed = hashlib.sha256("\n".join(self.ids).encode()).hexdigest()
        facts: dict[str, object] = {"source": self.address, "split": self.dataset.split, "ids": listed}
        facts["options"] = self.options.model_dump(mode="json")
        memo = self.hidden / "settings.json"
        if memo.exists() and (before := json.loads(memo.read_text())) != facts:
            other = [key for key in facts if before.get(key) != facts[key]]
            raise DataError(
                f"{self.out}: begun with other {' and '.join(other)}; give another folder, or delete it"
            )
        with atomic_write(memo) as file:
            file.write(json.dumps(facts, indent=1).encode())


def judged(rows: Sequence[Row], options: PrepareOptions) -> list[Row]:
    """Return the rows with their verdicts, decided in the order of the source."""
    seen, result = Seen(), []
    for row in rows:
        verdict, note = row.verdict, row.note
        if verdict != "broken" and options.min_chroma and row.spread < options.min_chroma:
            verdict = "colourless"
        elif verdict != "broken" and options.dedupe:
            if first := seen.find(int(row.hash, 16)):
                verdict, note = "duplicate", f"of {first}"
            else:
                seen.add(row.key, int(row.hash, 16))
        changed = verdict != row.verdict
        result.append(row.model_copy(update={"verdict": verdict, "note": note}) if changed else row)
    return result


def file_names(ids: Sequence[str]) -> list[str]:
    """Return a relative path without suffix for every id: plain characters, inside the folder, unique."""
    names: list[str] = []
    taken: set[str] = set()
    for key in ids:
        plain, _, place = key.partition("#")
        path = PurePosixPath(plain)
        parts = [*path.parent.parts, path.stem + (f"_{place}" if place else "")]
        name = "/".join(_plain(part) for part in parts if part != "/")
        count = 1
        while (chosen := name if count == 1 else f"{name}-{count}").lower() in taken:
            count += 1
        taken.add(chosen.lower())
        names.append(chosen)
    return names


def _plain(part: str) -> str:
    return re.sub(r"[^\w .+-]", "_", part).lstrip(".").strip()[:120] or "_"


def _reserve(path: Path, count: int, size: int) -> None:
    """Make room for all pictures; what is there already stays."""
    if not path.exists():
        part = path.with_name(".all.npy.part")
        array = np.lib.format.open_memmap(part, "w+", np.uint8, (count, size, size, 3))
        array.flush()
        part.replace(path)


_job: Preparation | None = None


def _start(job: Preparation) -> None:
    global _job  # each worker keeps its own copy of the task
    _job = job


def _do(indices: Sequence[int]) -> list[Row]:
    if _job is None:
        raise DataError("a worker was asked before it was told what to prepare")
    return _job._chunk(indices)
