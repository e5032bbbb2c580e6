"""From any dataset to pictures of one size, by several processes; a kill loses a second of work."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np

from colorzoo.core.data import packed
from colorzoo.core.data.address import file_names
from colorzoo.core.data.packed import IMAGES, INDEX
from colorzoo.core.data.prepare_records import Prepared as Prepared
from colorzoo.core.data.prepare_records import PreparedImage as PreparedImage
from colorzoo.core.data.prepare_records import PrepareOptions as PrepareOptions
from colorzoo.core.data.prepare_records import SourceRecord as SourceRecord
from colorzoo.core.data.quality import assign_verdicts, color_spread, perceptual_hash
from colorzoo.core.errors import DataError, ImageError
from colorzoo.core.files import atomic_write, folder_lock, read_model
from colorzoo.core.imaging.image_io import Picture, Pixels, read, square, write
from colorzoo.core.interfaces.dataset import Dataset, Progress
from colorzoo.core.jobs import workers as processes
from colorzoo.core.jobs.journal import Journal

HIDDEN, FEW = ".prepare", 50
"""FEW: pictures for which no process is worth starting."""
JOURNAL_SECONDS = 1.0
"""Work that a kill may lose."""
REPORT = ".report"
"""Folder of the sheet and the figure; hidden, or they would pass for pictures of the dataset."""
MEASURED_AT = 64
"""Least side at which colour and likeness are measured, whatever size is wanted."""


class Preparation:
    """One source, one folder, one set of options; each: what spreads the work, if not this machine."""

    def __init__(
        self,
        dataset: Dataset,
        address: str,
        out: Path,
        options: PrepareOptions,
        each: processes.Each | None = None,
    ) -> None:
        self.dataset, self.address, self.out, self.options = dataset, address, out, options
        self.each = each
        self.ids = dataset.ids()
        self.names = file_names(self.ids)
        self.hidden = out / HIDDEN
        self.rows: list[PreparedImage] = []
        """One a picture, in the order of the source, when `run` is done."""
        self.done = 0  # pictures dealt with

    def run(self, workers: int = 1, progress: Progress | None = None) -> Prepared:
        """Prepare what is missing; the result does not depend on workers or interruptions.

        Raises:
            DataError: no pictures, another process at work, other options than before, or a full disk.
        """
        if not self.ids:
            raise DataError(f"{self.address}: split {self.dataset.split!r} holds no pictures")
        with folder_lock(self.hidden, self.out / IMAGES, self.out / INDEX, self.out / REPORT / "*"):
            self._check_settings()
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
        """Yield every kept picture's record and a function that reads its pixels; after `run`."""
        chosen = [(index, row) for index, row in enumerate(self.rows) if row.verdict == "kept"]
        for number, (index, row) in enumerate(chosen):
            yield row, partial(self._pixels, number, index)

    def _pixels(self, number: int, index: int) -> Pixels:
        if self.options.format == "packed":
            return np.asarray(packed.open_packed(self.out)[0][number])
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
        self.done = len(self.ids) - len(todo)
        rows: list[PreparedImage] = []
        written = time.monotonic()
        try:
            if progress:
                progress(self.done, len(self.ids))
            for row in self._computed(todo, workers):
                rows.append(row)
                self.done += 1
                if progress:
                    progress(self.done, len(self.ids))
                if time.monotonic() - written > JOURNAL_SECONDS:
                    journal.add(*rows)
                    rows, written = [], time.monotonic()
        finally:
            journal.add(*rows)

    def _todo(self, records: Mapping[str, PreparedImage]) -> list[int]:
        """Return which pictures have no record, or no result any more."""
        is_array = self.options.format == "packed"
        complete = packed.is_reserved(self._array, len(self.ids), self.options.size)
        with suppress(DataError):  # the array was finished before, and is still there
            complete = complete or packed.open_packed(self.out)[0].shape[1] == self.options.size

        def is_done(index: int) -> bool:
            row = records.get(self.ids[index])
            if row is None or row.verdict == "broken":
                return row is not None
            if self.options.dedupe and not row.hash:
                return False
            files = (self._file(root, index) for root in (self.hidden / "pictures", self.out))
            return complete if is_array else any(file.is_file() for file in files)

        return [index for index in range(len(self.ids)) if not is_done(index)]

    def _computed(self, todo: Sequence[int], workers: int) -> Iterator[PreparedImage]:
        if not todo or (self.each is None and (workers <= 1 or len(todo) <= FEW)):
            return map(self._one, todo)
        return (self.each or processes.each)(workers, [__name__], _start, self, _do, todo)

    def _one(self, index: int) -> PreparedImage:
        """Measure one picture and store it at its new size."""
        try:
            sample = self.dataset.load_at_least(index, max(self.options.size, MEASURED_AT))
        except (ImageError, DataError) as error:
            return PreparedImage(key=self.ids[index], verdict="broken", note=str(error))
        fitted = square(sample.image, self.options.size, self.options.fit)
        if self.options.format == "packed":
            with self._array.open("r+b") as array:
                packed.write_row(array, index, fitted)
        else:
            write(self._file(self.hidden / "pictures", index), Picture(fitted))
        height, width = sample.size
        shown = fitted if self.options.size >= MEASURED_AT else sample.image
        spread = round(color_spread(shown), 3)
        hash = f"{perceptual_hash(shown):016x}" if self.options.dedupe else ""
        return PreparedImage(key=self.ids[index], width=width, height=height, spread=spread, hash=hash)

    def _finish(self) -> None:
        """Move the kept pictures from the hidden folder to the output."""
        chosen = [index for index, row in enumerate(self.rows) if row.verdict == "kept"]
        if self.options.format == "packed":
            if chosen and self._array.exists():  # or it was finished before
                packed.write_packed(
                    self.out, self._array, chosen, [self.ids[i] for i in chosen], self.options.fit
                )
            return
        for index in chosen:
            source, target = self._file(self.hidden / "pictures", index), self._file(self.out, index)
            if source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                source.replace(target)

    def _check_settings(self) -> None:
        """Check that the folder was begun with these pictures and options, and record them."""
        listed = hashlib.sha256("\n".join(self.ids).encode("utf-8", "surrogatepass")).hexdigest()
        settings = SourceRecord(
            source=self.address, split=self.dataset.split, ids=listed, options=self.options
        )
        memo = self.hidden / "settings.json"
        if memo.exists():
            before = read_model(memo, SourceRecord, advice=f"give another folder, or delete {self.out}")
            self._require_equal(before, settings)
        with atomic_write(memo) as file:
            file.write(settings.model_dump_json(indent=1).encode())

    def _require_equal(self, before: SourceRecord, settings: SourceRecord) -> None:
        other = [name for name, value in settings if value != getattr(before, name)]
        if other:
            raise DataError(
                f"{self.out}: begun with other {' and '.join(other)}; give another folder, or delete it"
            )


_job: Preparation | None = None


def _start(job: Preparation) -> None:
    global _job  # one a worker process
    _job = job


def _do(index: int) -> PreparedImage:
    if _job is None:
        raise DataError("a worker was asked before it was told what to prepare")
    return _job._one(index)
