"""Records in a file of JSON lines that a kill at any moment cannot damage."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

import pydantic
from filelock import FileLock, Timeout

from colorzoo.core.errors import DataError
from colorzoo.core.images import atomic_write


@contextmanager
def exclusive(hidden: Path, *written: Path) -> Iterator[None]:
    """Hold a folder for this process alone; first clear away what a killed one left half-written.

    hidden: the folder for housekeeping, swept whole. written: files that are written elsewhere.
    """
    hidden.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(hidden / "lock", timeout=0):
            elsewhere = [half for file in written for half in file.parent.glob(f".{file.name}.*.part")]
            for half in [*hidden.rglob(".*.part"), *elsewhere]:
                half.unlink()
            yield
    except Timeout:
        raise DataError(f"{hidden.parent}: another process is at work here; wait for it") from None


Record = TypeVar("Record", bound=pydantic.BaseModel)


class Journal(Generic[Record]):
    """Records by their `key`: appended, the last of a key counts, a line cut off by a kill is none."""

    def __init__(self, path: Path, kind: type[Record]) -> None:
        self.path = path
        self.records: dict[str, Record] = {_key(record): record for record in _read(path, kind)}

    def add(self, *records: Record) -> None:
        """Append records; they are on the disk when this returns."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        torn = self.path.exists() and not _ends_well(self.path)
        lines = "".join(f"{record.model_dump_json(exclude_defaults=True)}\n" for record in records)
        with self.path.open("ab") as file:
            file.write(b"\n" * torn + lines.encode())
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


def _read(path: Path, kind: type[Record]) -> Iterator[Record]:
    """Yield the records of a file; a last line cut off by a kill is no record."""
    if not path.exists():
        return
    lines = path.read_bytes().split(b"\n")
    for number, line in enumerate(lines, start=1):
        try:
            if line:
                yield kind.model_validate_json(line)
        except pydantic.ValidationError as error:
            if number < len(lines) and line.endswith(b"}"):
                problem = error.errors()[0]["msg"]
                raise DataError(f"{path}, line {number}: {problem}; mend or delete the line") from None


def _ends_well(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(0, os.SEEK_END)
        if file.tell() == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
