"""A file of equal rows that an interruption leaves half-written, to be gone on with."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from pydantic import RootModel

from colorzoo.core.errors import DataError
from colorzoo.core.files import atomic_write, read_model

NAMES_BYTES = 1 << 28


class Names(RootModel[list[str]]):
    """The names of the rows that are written."""


@contextmanager
def growing(path: Path, header: bytes, row_bytes: int) -> Iterator[tuple[IO[bytes], list[str]]]:
    """Yield a file that takes the place of `path` when the block ends well, and the names of its rows.

    The block appends rows and their names. KeyboardInterrupt keeps the rows that have names, and the next
    block goes on behind them; a kill or an error keeps none.
    """
    half, kept = path.with_suffix(".half"), path.with_suffix(".half.json")
    names = _kept(half, kept, header, row_bytes)
    kept.unlink(missing_ok=True)  # from here on what is in the file may not be on the disk
    try:
        with half.open("r+b" if names else "w+b") as file:
            file.seek(0)
            file.write(header)
            file.truncate(len(header) + row_bytes * len(names))
            file.seek(0, os.SEEK_END)
            try:
                yield file, names
            finally:
                file.flush()
                os.fsync(file.fileno())
        half.replace(path)
    except KeyboardInterrupt:
        with atomic_write(kept) as index:
            index.write(Names(names).model_dump_json().encode())
        raise
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def _kept(half: Path, kept: Path, header: bytes, row_bytes: int) -> list[str]:
    """Return the names of the rows that an interruption left; none if they are not all there."""
    with suppress(DataError, OSError):
        names = read_model(kept, Names, max_bytes=NAMES_BYTES).root
        with half.open("rb") as file:
            same = file.read(len(header)) == header
        if same and half.stat().st_size >= len(header) + row_bytes * len(names):
            return names
    return []
