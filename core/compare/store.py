"""What was measured before: one row for every colorizer and picture, in a file that survives any kill."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from colorzoo.core.config import Strict
from colorzoo.core.errors import DataError

BUSY_SECONDS = 120.0
"""How long to wait for another process that writes."""


class Row(Strict):
    """One picture coloured by one method: time, and what every metric made of it; or why there is none."""

    milliseconds: float = 0.0
    states: dict[str, dict[str, Any]] = {}
    failure: str = ""
    unreadable: str = ""

    @property
    def spoilt(self) -> bool:
        """Whether it is worth another try."""
        return bool(self.failure or self.unreadable)


class Store:
    """Rows by key, in SQLite; several processes may use one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with closing(self._open()) as base, base:
                base.execute("PRAGMA journal_mode = WAL")
                base.execute(
                    "CREATE TABLE IF NOT EXISTS rows (key TEXT PRIMARY KEY, row BLOB) WITHOUT ROWID"
                )
        except sqlite3.DatabaseError as error:
            raise DataError(f"{path}: damaged ({error}); delete it, it can be made again") from None

    def get(self, keys: Iterable[str]) -> Iterator[Row | None]:
        """Yield the row of every key, or None."""
        with closing(self._open()) as base:
            for key in keys:
                found = base.execute("SELECT row FROM rows WHERE key = ?", (key,)).fetchone()
                yield decoded(found[0]) if found else None

    def put(self, rows: Iterable[tuple[str, bytes]]) -> None:
        """Keep encoded rows; they are on the disk when this returns. States of other metrics stay."""
        with closing(self._open()) as base, base:
            for key, data in rows:
                before = base.execute("SELECT row FROM rows WHERE key = ?", (key,)).fetchone()
                if before is not None:
                    data = _joined(decoded(before[0]), data)
                base.execute("INSERT OR REPLACE INTO rows VALUES (?, ?)", (key, data))

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, timeout=BUSY_SECONDS)


def encoded(row: Row) -> bytes:
    """Return a row as bytes."""
    return zlib.compress(row.model_dump_json(exclude_defaults=True).encode(), 1)


def decoded(data: bytes) -> Row:
    """Return a row from bytes."""
    return Row.model_validate_json(zlib.decompress(data))


def _joined(before: Row, data: bytes) -> bytes:
    after = decoded(data)
    if before.spoilt or after.spoilt:
        return data
    return encoded(after.model_copy(update={"states": {**before.states, **after.states}}))


def key_of(*facts: object) -> str:
    """Return the key of what depends on these facts."""
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
