"""The folder that a run writes to: what is in it, of which options, and what is left to do.

    photo-vae-mdn-1.png            the first sample of photo.jpg; its subfolder is that of the input
    photo-vae-mdn-sheet.png        the contact sheet of one picture; vae-mdn-sheet.png of several
    .colorzoo-run.jsonl            a record of the results of each picture, and of the pages of each sheet

A record is written before its files, incomplete, and again after them, so that a kill leaves no file that
nobody knows; names in it are quoted as in addresses, for a file may be called anything. Results of other
options are never replaced: they keep their name, new ones get a longer one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path
from urllib.parse import quote_from_bytes, unquote_to_bytes

from filelock import FileLock, Timeout
from pydantic import Field

from colorzoo.core.config import Strict
from colorzoo.core.errors import DataError, printable
from colorzoo.core.files import require_inside
from colorzoo.core.jobs.journal import Journal

RECORD, LOCK = ".colorzoo-run.jsonl", ".colorzoo-run.lock"
COLORIZED = "colorized.jsonl"
"""How each result was made, for the user; `colorzoo.jobs.run_record` writes it."""
UNFIT = re.compile(r"[^\w.=+-]+")
LONGEST_DETAILS = 60
"""Characters that options may add to a name; file systems bound names at 255 bytes."""


class ResultRecord(Strict):
    """The results of one picture, or the pages of a sheet."""

    key: str = Field(description="their name without number and suffix, relative to the folder")
    made_by: str = Field(description="sha256 over picture, weights and options")
    run: str = Field("", description="sha256 over weights and options alone")
    seed: int | None = None
    files: list[str] = Field(description="relative to the folder")
    complete: bool = False


class ResultFolder:
    """The records of an output folder."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.journal = Journal(out / RECORD, ResultRecord)

    def seed_of(self, run: str) -> int | None:
        """Return the seed that pictures were coloured with by the same options, if any were."""
        seeds = (record.seed for record in self.journal.records.values() if record.run == run)
        return next(seeds, None)

    def stem_for(self, target: Path, labels: Sequence[str], made_by: str, *, overwrite: bool) -> Path:
        """Return what results of a picture are called: as equal ones are, else the first name that is free.

        target: where the picture's results go, relative to the folder. labels: what may follow its stem.
        """
        numbered = (f"{labels[-1]}~{number}" for number in range(2, 10_000))
        for label in chain(labels, numbered):
            stem = target.parent / f"{target.stem}-{label}"
            record = self.journal.records.get(quoted(stem))
            if overwrite or self._is_free(stem) or (record and record.made_by == made_by):
                return stem
        raise DataError(f"{printable(str(self.out))}: ten thousand results of {target.stem}; clear it")

    def finished(self, stem: Path, made_by: str) -> list[Path]:
        """Return the files of equal results if all are there."""
        record = self.journal.records.get(quoted(stem))
        if record is None or not record.complete or record.made_by != made_by:
            return []
        files = self._files(record)
        return files if all(file.is_file() for file in files) else []

    def begin(self, record: ResultRecord) -> None:
        """Delete what the record's key stood for, and note what is going to be written."""
        if old := self.journal.records.get(record.key):
            for file in self._files(old):
                file.unlink(missing_ok=True)
        self.journal.add(record)

    def finish(self, record: ResultRecord, files: Sequence[Path]) -> None:
        """Note what was written."""
        names = [quoted(file.relative_to(self.out)) for file in files]
        self.journal.add(record.model_copy(update={"files": names, "complete": True}))

    def _files(self, record: ResultRecord) -> list[Path]:
        return [require_inside(self.out, self.out / unquoted(name)) for name in record.files]

    def _is_free(self, stem: Path) -> bool:
        """Return whether no file goes by that name, or only what an interrupted run left."""
        record = self.journal.records.get(quoted(stem))
        if record is not None and not record.complete:
            return True
        path = self.out / stem
        numbered = re.compile(re.escape(path.name) + r"-\d+\.\w+", re.DOTALL)
        with suppress(OSError):
            return not any(numbered.fullmatch(other.name) for other in path.parent.iterdir())
        return True


def quoted(path: Path) -> str:
    """Return a relative path as text, whatever bytes it holds."""
    return quote_from_bytes(os.fsencode(path.as_posix()), safe="/ ()~=+,!'@")


def unquoted(text: str) -> Path:
    """Return the path that a text of `quoted` stands for."""
    return Path(os.fsdecode(unquote_to_bytes(text)))


def details(given: Mapping[str, object]) -> str:
    """Return options as a part of a file name: `photos-samples=5`."""
    weights = Path(str(given["weights"])).name if given.get("weights") else ""
    pairs = [f"{name}={value}" for name, value in given.items() if name != "weights"]
    text = "-".join(filter(None, [weights, *pairs]))
    return UNFIT.sub("_", text)[:LONGEST_DETAILS]


def results_near(folder: Path) -> set[Path]:
    """Return the results of runs that are below a folder, as the records below and above it say.

    A record that cannot be read names nothing.
    """
    results: set[Path] = set()
    above = [parent / RECORD for parent in folder.resolve().parents]
    for path in [*folder.resolve().rglob(RECORD), *(path for path in above if path.is_file())]:
        with suppress(DataError, OSError):
            records = Journal(path, ResultRecord).records.values()
            results |= {path.parent / unquoted(name) for record in records for name in record.files}
    return results


@contextmanager
def held(out: Path, name: str, files: Sequence[tuple[Path, Path]]) -> Iterator[None]:
    """Hold the output folder, swept of what a killed run left half-written.

    Raises:
        DataError: another process colours into it.
    """
    new = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    lock = out / LOCK
    try:
        with FileLock(lock, timeout=0):
            _sweep(out, name, files)
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
    except Timeout:
        raise DataError(
            f"{printable(str(out))}: another `colorzoo run` writes there; wait for it, or give another -o"
        ) from None
    finally:
        if new:
            with suppress(OSError):
                out.rmdir()  # if nothing was written


def _sweep(out: Path, name: str, files: Sequence[tuple[Path, Path]]) -> None:
    """Delete half-written results, and only those: the folder may be anybody's."""
    half = re.compile(rf"\..*{re.escape(name)}[^/]*-(\d+|sheet)\.\w+\.\w{{8}}\.part", re.DOTALL)
    for folder in {out, *(out / target.parent for _, target in files)}:
        for path in folder.glob(".*.part"):
            if half.fullmatch(path.name):
                path.unlink(missing_ok=True)
