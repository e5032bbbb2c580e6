"""From any dataset to pictures of one size, by several processes; a kill at any moment loses nothing."""

from __future__ import annotations

import hashlib
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, Literal

import numpy as np
from pydantic import Field

from colorzoo.core.config import Settings, Strict
from colorzoo.core.data import packed
from colorzoo.core.data.address import file_names
from colorzoo.core.data.packed import IMAGES, INDEX, Fit
from colorzoo.core.data.quality import assign_verdicts, color_spread, perceptual_hash
from colorzoo.core.errors import DataError, ImageError
from colorzoo.core.files import atomic_write, folder_lock, read_model
from colorzoo.core.imaging.image_io import Picture, Pixels, read, square, write
from colorzoo.core.interfaces.dataset import Dataset, Progress
from colorzoo.core.jobs import workers as processes
from colorzoo.core.jobs.journal import Journal

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


class PreparedImage(Strict):
    """What was found out about one picture of the source."""

    key: str
    width: int = Field(0, ge=0)
    height: int = Field(0, ge=0)
    spread: float = Field(0, ge=0, allow_inf_nan=False)
    hash: str = Field("", pattern=r"^([0-9a-f]{16})?$")
    verdict: Literal["kept", "colourless", "duplicate", "broken"] = "kept"
    note: str = ""


class SourceRecord(Strict):
    """What a folder was begun with; `ids` is the sha256 of the list of them."""

    source: str
    split: str
    ids: str
    options: PrepareOptions


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
        self.rows: list[PreparedImage] = []
        """One a picture, in the order of the source, when `run` is done."""
        self.done = 0  # pictures dealt with

    def run(self, workers: int = 1, progress: Progress | None = None) -> Prepared:
        """Do what is still to be done; the result does not depend on workers or interruptions."""
        if not self.ids:
            raise DataError(f"{self.address}: split {self.dataset.split!r} holds no pictures")
        with folder_lock(self.hidden, self.out / IMAGES, self.out / INDEX, self.out / REPORT / "*"):
            self._same_as_before()
            journal = Journal(self.hidden / "rows.jsonl", PreparedImage)
            try:
                self._work(journal, workers, progress)
                rows = [journal.records[key] for key in self.ids]
                self.rows = assign_verdicts(rows, self.options.min_chroma, self.options.dedupe)
                self._finish()
            except OSError as error:
                raise DataError(
                    f"{error.filename or self.out}: {error.strerror or error}; what is done is kept, the "
                    "same command goes on"
                ) from None
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

    def kept(self) -> Iterator[tuple[PreparedImage, Callable[[], Pixels]]]:
        """Yield what was kept with a function that reads it; after `run`."""
        chosen = [(index, row) for index, row in enumerate(self.rows) if row.verdict == "kept"]
        for place, (index, row) in enumerate(chosen):
            yield row, partial(self._pixels, place, index)

    def _pixels(self, place: int, index: int) -> Pixels:
        if self.options.format == "packed":
            return np.asarray(packed.open_packed(self.out)[0][place])
        return read(self._file(self.out, index)).rgb

    @property
    def _array(self) -> Path:
        return self.hidden / "all.npy"

    def _file(self, root: Path, index: int) -> Path:
        return root / f"{self.names[index]}.{self.options.format}"

    def _work(self, journal: Journal[PreparedImage], workers: int, progress: Progress | None) -> None:
        todo = self._todo(journal.records)
        if self.options.format == "packed" and todo:
            packed.reserve(self._array, len(self.ids), self.options.size)
        chunks = [todo[start : start + CHUNK] for start in range(0, len(todo), CHUNK)]
        self.done = len(self.ids) - len(todo)
        for rows in self._computed(chunks, workers):
            journal.add(*rows)
            self.done += len(rows)
            if progress:
                progress(self.done, len(self.ids))

    def _todo(self, records: Mapping[str, PreparedImage]) -> list[int]:
        """Return which pictures have no record, or no result any more."""
        is_array = self.options.format == "packed"
        whole = packed.is_reserved(self._array, len(self.ids), self.options.size)
        with suppress(DataError):  # the array was finished before, and is still there
            whole = whole or packed.open_packed(self.out)[0].shape[1] == self.options.size

        def is_done(index: int) -> bool:
            row = records.get(self.ids[index])
            if row is None or row.verdict == "broken":
                return row is not None
            if self.options.dedupe and not row.hash:
                return False
            files = (self._file(root, index) for root in (self.hidden / "pictures", self.out))
            return whole if is_array else any(file.is_file() for file in files)

        return [index for index in range(len(self.ids)) if not is_done(index)]

    def _computed(self, chunks: Sequence[Sequence[int]], workers: int) -> Iterator[list[PreparedImage]]:
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

    def _chunk(self, indices: Sequence[int]) -> list[PreparedImage]:
        if self.options.format != "packed":
            return [self._one(index, None) for index in indices]
        with self._array.open("r+b") as array:
            return [self._one(index, array) for index in indices]

    def _one(self, index: int, array: IO[bytes] | None) -> PreparedImage:
        """Measure one picture and store it at its new size."""
        try:
            sample = self.dataset.load_at_least(index, max(self.options.size, MEASURED_AT))
        except (ImageError, DataError) as error:
            return PreparedImage(key=self.ids[index], verdict="broken", note=str(error))
        fitted = square(sample.image, self.options.size, self.options.fit)
        if array is not None:
            packed.write_row(array, index, fitted)
        else:
            write(self._file(self.hidden / "pictures", index), Picture(fitted))
        height, width = sample.size
        shown = fitted if self.options.size >= MEASURED_AT else sample.image
        spread = round(color_spread(shown), 3)
        hash = f"{perceptual_hash(shown):016x}" if self.options.dedupe else ""
        return PreparedImage(key=self.ids[index], width=width, height=height, spread=spread, hash=hash)

    def _finish(self) -> None:
        """Bring what is kept to its place."""
        chosen = [index for index, row in enumerate(self.rows) if row.verdict == "kept"]
        if self.options.format == "packed":
            if chosen and self._array.exists():  # or it was finished before
                packed.write_packed(
                    self.out, self._array, chosen, [self.ids[i] for i in chosen], self.options.fit
                )
            return
        for index in chosen:
            here, there = self._file(self.hidden / "pictures", index), self._file(self.out, index)
            if here.exists():
                there.parent.mkdir(parents=True, exist_ok=True)
                here.replace(there)

    def _same_as_before(self) -> None:
        """Refuse a folder that was begun with other pictures or options."""
        listed = hashlib.sha256("\n".join(self.ids).encode("utf-8", "surrogatepass")).hexdigest()
        settings = SourceRecord(
            source=self.address, split=self.dataset.split, ids=listed, options=self.options
        )
        memo = self.hidden / "settings.json"
        if memo.exists():
            before = read_model(memo, SourceRecord, advice=f"give another folder, or delete {self.out}")
            pairs = zip(before, settings, strict=True)
            other = [name for (name, old), (_, new) in pairs if old != new]
            if other:
                raise DataError(
                    f"{self.out}: begun with other {' and '.join(other)}; give another folder, or delete it"
                )
        with atomic_write(memo) as file:
            file.write(settings.model_dump_json(indent=1).encode())


_job: Preparation | None = None


def _start(job: Preparation) -> None:
    global _job  # each worker keeps its own copy of the task
    _job = job
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer


def _do(indices: Sequence[int]) -> list[PreparedImage]:
    if _job is None:
        raise DataError("a worker was asked before it was told what to prepare")
    return _job._chunk(indices)
