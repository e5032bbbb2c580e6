"""The store of measurements: one row a method and picture, in a file that survives any kill."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import warnings
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import pydantic

from colorzoo.core.config import Strict
from colorzoo.core.errors import DataError, printable

BUSY_SECONDS = 120.0
"""How long to wait for another process that writes."""
BLOCK = 100
"""Rows read at once."""
MAX_ROW_BYTES = 256_000_000
"""Largest row that is unpacked, in bytes."""
DAMAGED = (
    sqlite3.SQLITE_ERROR,  # other tables
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_FORMAT,
    sqlite3.SQLITE_CONSTRAINT,
    sqlite3.SQLITE_MISMATCH,
)
"""What SQLite says of a file that is not ours; the rest, such as a full disk, is for the user."""
Result = TypeVar("Result")


class Measurement(Strict):
    """One picture coloured by one method: time and states of the metrics, or the reason of a failure."""

    model_config = pydantic.ConfigDict(ser_json_inf_nan="constants")

    milliseconds: float = 0.0
    states: dict[str, dict[str, Any]] = {}
    failure: str = ""
    unreadable: str = ""

    @property
    def failed(self) -> bool:
        """Return whether it should be tried again."""
        return bool(self.failure or self.unreadable)


class MeasurementStore:
    """Rows by key, in SQLite; several processes may use one file. A damaged file is moved aside."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._mending(self._create)

    def get(self, keys: Iterable[str]) -> Iterator[Measurement | None]:
        """Yield the row of every key, or None where there is none that can be read."""
        waiting = iter(keys)
        while block := list(islice(waiting, BLOCK)):
            for data in self._mending(partial(self._rows, block)):
                yield decoded(data) if data is not None else None

    def put(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """Keep encoded rows; they are on the disk when this returns. States of other metrics stay."""
        self._mending(partial(self._put, list(rows)))

    def drop(self, keys: Iterable[str]) -> None:
        """Forget rows."""
        with self._open() as base:
            base.executemany("DELETE FROM rows WHERE key = ?", ((key,) for key in keys))

    def _create(self) -> None:
        with self._open() as base:
            base.execute("PRAGMA journal_mode = WAL")
            base.execute("CREATE TABLE IF NOT EXISTS rows (key TEXT PRIMARY KEY, row BLOB) WITHOUT ROWID")
            columns = [column[1] for column in base.execute("PRAGMA table_info(rows)")]
            if columns != ["key", "row"]:
                raise sqlite3.DatabaseError(f"unexpected columns {columns}")
            base.execute("SELECT row FROM rows LIMIT 1").fetchone()

    def _rows(self, keys: Sequence[str]) -> list[object]:
        with self._open() as base:
            rows = [base.execute("SELECT row FROM rows WHERE key = ?", (key,)).fetchone() for key in keys]
        return [row[0] if row else None for row in rows]

    def _put(self, rows: Sequence[tuple[str, bytes]]) -> None:
        with self._open() as base:
            for key, data in rows:
                before = base.execute("SELECT row FROM rows WHERE key = ?", (key,)).fetchone()
                known = decoded(before[0]) if before else None
                base.execute("INSERT OR REPLACE INTO rows VALUES (?, ?)", (key, _joined(known, data)))

    def _mending(self, work: Callable[[], Result]) -> Result:
        """Return what `work` does with the file; if that is damaged, once more with a new one."""
        try:
            return work()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF not in DAMAGED:
                raise DataError(f"{self.path}: {error}") from None
            aside = self._moved_aside()
            self._create()
            warnings.warn(
                f"{self.path}: damaged ({printable(str(error))}); moved to {aside.name}, measured again",
                RuntimeWarning,
                stacklevel=2,
            )
            return work()

    def _moved_aside(self) -> Path:
        aside = self.path.with_name(f"{self.path.name}.damaged")
        self.path.replace(aside)
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        return aside

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS)) as base, base:
            yield base


def encoded(row: Measurement) -> bytes:
    """Return a row as bytes."""
    return zlib.compress(row.model_dump_json(exclude_defaults=True).encode(), 1)


def decoded(data: object) -> Measurement | None:
    """Return a row from bytes; None from what is no row."""
    try:
        text = zlib.decompressobj().decompress(data, MAX_ROW_BYTES)  # type: ignore[arg-type]  # or TypeError
        return Measurement.model_validate_json(text)
    except (TypeError, ValueError, zlib.error):
        return None


def _joined(before: Measurement | None, data: bytes) -> bytes:
    after = decoded(data)
    if before is None or after is None or before.failed or after.failed:
        return data
    return encoded(after.model_copy(update={"states": {**before.states, **after.states}}))


def key_of(*values: object) -> str:
    """Return the key of a row that depends on these values."""
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()
