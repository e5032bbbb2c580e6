"""Records in a file of JSON lines that a kill at any moment cannot damage."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Generic, TypeVar

import pydantic

from colorzoo.core.errors import DataError
from colorzoo.core.files import atomic_write, parse_model, require_inside

LINE_BYTES = 16_000_000
"""Longest record that is read, in bytes; that of a chapter lists every address of its pages."""


Record = TypeVar("Record", bound=pydantic.BaseModel)


class Journal(Generic[Record]):
    """Records by their `key`, appended to a file; of records with one key the last counts.

    A last line that a kill has cut off is ignored.

    Raises:
        DataError: another line is damaged, or the path leads out of its folder.
    """

    def __init__(self, path: Path, cls: type[Record]) -> None:
        self.path = require_inside(path.parent, path)
        self.records: dict[str, Record] = {_key(record): record for _, record in stored(path, cls)}

    def add(self, *records: Record) -> None:
        """Append records; they are on the disk when this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists() and not _ends_well(self.path):
            self.rewrite()
        lines = "".join(f"{record.model_dump_json(exclude_defaults=True)}\n" for record in records)
        with self.path.open("ab") as file:
            file.write(lines.encode())
            file.flush()
            os.fsync(file.fileno())
        self.records.update((_key(record), record) for record in records)

    def rewrite(self) -> None:
        """Write one line a record, in the order of the keys."""
        lines = [self.records[key].model_dump_json(exclude_defaults=True) for key in sorted(self.records)]
        with atomic_write(self.path) as file:
            file.write("".join(f"{line}\n" for line in lines).encode())


def _key(record: Any) -> str:
    key: str = record.key
    return key


def stored(path: Path, cls: type[Record]) -> Iterator[tuple[int, Record]]:
    """Yield the records of a file with where each begins; a last line cut off by a kill is no record.

    Raises:
        DataError: another line is damaged.
    """
    start = 0
    for number, line in enumerate(_lines(path), start=1):
        try:
            if line.strip():
                name = f"{path}, line {number}"
                yield (
                    start,
                    parse_model(line, cls, name, max_bytes=LINE_BYTES, advice="mend or delete the line"),
                )
        except DataError:
            if line.endswith(b"\n") or len(line) > LINE_BYTES:
                raise
        start += len(line)


def _lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file, none if it is absent; of a longer one LINE_BYTES + 1 bytes."""
    if path.exists():
        with path.open("rb") as file:
            yield from iter(lambda: file.readline(LINE_BYTES + 1), b"")


def _ends_well(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        if file.tell() == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
