"""The manifest of an output folder, `colorized.jsonl`: what became of each picture, and how it was made.

One line a picture, of which the last counts. A line is written before the files of a result, and another
after them, so that a kill leaves no file that nobody knows, and undoes nothing. Now and then the whole file
system is synced, beside the work: a power failure undoes the last moments, in which a file may be left
empty, and is no result then. Memory holds of each what tells whether it is
done; the rest is read from the file.
"""

from __future__ import annotations

import os
import platform
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

from pydantic import Field

from colorzoo.core.config import Strict
from colorzoo.core.files import (
    SYNCS_FILE_SYSTEMS,
    atomic_write,
    parse_model,
    require_inside,
    sync_file_system,
)
from colorzoo.core.jobs.journal import LINE_BYTES, stored

MANIFEST = "colorized.jsonl"
SYNC_SECONDS = 0.5
"""How long after one sync the next may begin: so much, and two syncs, of a run a power failure may undo."""
OUTDATED = 100
"""A manifest is tidied when more than one line in so many is outdated."""

Status = Literal["begun", "done", "failed"]


class ManifestRow(Strict):
    """What became of one picture; of rows with one key the last counts."""

    key: str = Field(description="name of the results without number and suffix, relative to the folder")
    status: Status = "done"
    picture: str = Field("", description="path as it was given; none: a contact sheet or a palette")
    picture_sha256: str = ""
    beside_sha256: list[str] = Field(default_factory=list, description="of the files of hints beside it")
    stamp: list[int] = Field(
        default_factory=list, description="inode, size and times of all of them, in nanoseconds"
    )
    made_by: str = Field("", description="sha256 over all that the results depend on")
    run: str = Field("", description="sha256 over weights, options and guidance alone")
    files: list[str] = Field(
        default_factory=list, description="the samples, relative to the folder, quoted as addresses"
    )
    error: str = Field("", description="why it failed")
    lasting: bool = Field(True, description="whether it fails again as long as nothing changes")
    seconds: float = 0.0
    megapixels: float = 0.0
    colorizer: str = ""
    weights: str | None = Field(None, description="as they were asked for, or their own name")
    weights_sha256: str | None = None
    code_sha256: str | None = Field(None, description="of the colorizer's package and the core")
    options: dict[str, Any] = Field(default_factory=dict, description="all of them, the seed included")
    guidance: dict[str, Any] = Field(
        default_factory=dict, description="what was said of colours, with the sha256 of files"
    )
    table_sha256: str | None = Field(None, description="of the table that the pages agree on")
    frames: bool = Field(False, description="whether its colours agree with those of the frames before")
    quality: int | None = Field(None, description="of JPEG; None: that of the picture, else 95")
    mark: str = Field("", description="what the files say of how they were coloured, if they do")
    video: dict[str, Any] = Field(default_factory=dict, description="which part of it, and its encoding")
    threads: int | None = Field(None, description="that one picture was computed on")
    versions: dict[str, str] = Field(default_factory=dict)


class Known(NamedTuple):
    """What memory holds of a row; digests and stamps as bytes, names of files in one text."""

    status: Status
    made_by: bytes
    content: bytes
    stamp: bytes
    files: str
    lasting: bool
    start: int

    @classmethod
    def of(cls, row: ManifestRow, start: int) -> Known:
        """Return what memory holds of a row that begins at a place in the file."""
        content = "".join([row.picture_sha256, *row.beside_sha256])
        return cls(
            sys.intern(row.status),  # type: ignore[arg-type]  # it is one of them
            _bytes_of(row.made_by), _bytes_of(content), packed(row.stamp), "\n".join(row.files),
            row.lasting, start,
        )  # fmt: skip


class Manifest:
    """The manifest of a folder; only one process writes to it.

    Raises:
        DataError: a line is damaged, or the file leads out of its folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = require_inside(path.parent, path)
        self.known: dict[str, Known] = {}
        self.seeds: dict[str, int] = {}
        self._lines = 0
        self._synced, self._disk = time.monotonic(), ThreadPoolExecutor(1, "sync")
        self._syncing: Future[None] | None = None
        for start, row in stored(self.path, ManifestRow):
            self._note(row, start)

    def done(self) -> Iterator[ManifestRow]:
        """Yield the rows of coloured pictures, one by one."""
        rows = (self.row(key) for key, known in self.known.items() if known.status == "done")
        return (row for row in rows if row.picture)

    def row(self, key: str) -> ManifestRow:
        """Return the row of a key that is known."""
        with self.path.open("rb") as file:
            file.seek(self.known[key].start)
            line = file.readline(LINE_BYTES + 1)
        return parse_model(line, ManifestRow, f"{self.path}, {key}", max_bytes=LINE_BYTES)

    def add(self, *rows: ManifestRow, sync: bool = False) -> None:
        """Append rows: a kill cannot undo it, nor can a power failure if `sync`, or some time later.

        Raises:
            OSError: they cannot be written, or what was written before cannot be put on the disk.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lines = [f"{row.model_dump_json(exclude_defaults=True)}\n".encode() for row in rows]
        with self.path.open("a+b", buffering=0) as file:
            start = _end_of_lines(file.fileno())
            try:
                _write(file.fileno(), b"".join(lines))
                if sync or not SYNCS_FILE_SYSTEMS:
                    os.fsync(file.fileno())
            except OSError:  # a full disk holds half a line
                with suppress(OSError):
                    file.truncate(start)
                raise
        for row, line in zip(rows, lines, strict=True):
            self._note(row, start)
            start += len(line)
        if SYNCS_FILE_SYSTEMS:
            self._sync_beside()

    def sync(self) -> None:
        """Put on the disk all that was written so far, results too.

        Raises:
            OSError: it cannot be.
        """
        if SYNCS_FILE_SYSTEMS and self.path.exists():
            self._disk.submit(sync_file_system, self.path).result()

    def _sync_beside(self) -> None:
        """Begin a sync in a thread when the last one ended some time ago."""
        if self._syncing is not None and self._syncing.done():
            self._syncing.result()
            self._syncing, self._synced = None, time.monotonic()
        if self._syncing is None and time.monotonic() - self._synced > SYNC_SECONDS:
            self._syncing = self._disk.submit(sync_file_system, self.path)

    def forget(self) -> None:
        """Delete the file where it says nothing of a result."""
        if all(known.status != "done" for known in self.known.values()):
            self.path.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Leave one line a picture, in the order of the keys, where enough lines are outdated."""
        if (self._lines - len(self.known)) * OUTDATED <= len(self.known):
            return
        places: dict[str, int] = {}
        with self.path.open("rb") as old, atomic_write(self.path) as new:
            for key in sorted(self.known):
                old.seek(self.known[key].start)
                places[key] = new.tell()
                new.write(old.readline(LINE_BYTES + 1))
        for key, start in places.items():
            self.known[key] = self.known[key]._replace(start=start)
        self._lines = len(places)

    def _note(self, row: ManifestRow, start: int) -> None:
        self.known[row.key] = Known.of(row, start)
        self._lines += 1
        if row.run and row.options.get("seed") is not None:
            self.seeds.setdefault(row.run, int(row.options["seed"]))


def packed(stamp: Sequence[int]) -> bytes:
    """Return the numbers of stamps as bytes."""
    return struct.pack(f"{len(stamp)}Q", *stamp)


def quoted(path: Path | str) -> str:
    """Return a relative path, or a part of one, as text, whatever bytes it holds."""
    text = path if isinstance(path, str) else path.as_posix()
    return quote_from_bytes(os.fsencode(text), safe="/ ()~=+,!'@")


def unquoted(text: str) -> Path:
    """Return the path that a text of `quoted` stands for."""
    return Path(os.fsdecode(unquote_to_bytes(text)))


def versions() -> dict[str, str]:
    """Return the versions of what results depend on besides weights."""
    import torch

    import colorzoo

    return {
        "colorzoo": colorzoo.__version__, "torch": torch.__version__, "python": platform.python_version()
    }  # fmt: skip


def _bytes_of(digests: str) -> bytes:
    try:
        return bytes.fromhex(digests)
    except ValueError:  # somebody changed it: it equals none of ours
        return digests.encode()


def _end_of_lines(handle: int) -> int:
    """Return where the next line begins, after cutting off half a one that a kill has left."""
    end = size = os.fstat(handle).st_size
    while end and os.pread(handle, 1, end - 1) != b"\n":
        piece = os.pread(handle, min(end, 4096), max(0, end - 4096))
        end = max(0, end - 4096) + piece.rfind(b"\n") + 1 if b"\n" in piece else max(0, end - 4096)
    if end != size:
        os.ftruncate(handle, end)
    return end


def _write(handle: int, data: bytes) -> None:
    """Write all of it: a disk that fills up takes a part."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
