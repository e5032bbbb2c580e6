"""Reading files that others may have written, damaged or replaced: one guarded reader for all."""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import IO, NamedTuple, TypeVar

import pydantic
from filelock import FileLock, Timeout

from colorzoo.core.errors import ColorzooError, DataError, printable

MAX_JSON_BYTES = 64_000_000
"""Largest file of JSON that is parsed, in bytes, unless its reader sets another bound."""

Model = TypeVar("Model", bound=pydantic.BaseModel)


def read_model(
    path: Path,
    model: type[Model],
    *,
    error: type[ColorzooError] = DataError,
    max_bytes: int = MAX_JSON_BYTES,
    advice: str = "",
) -> Model:
    """Return the content of a JSON file as a model.

    advice: what to do about a damaged file, the last clause of the message.

    Raises:
        error: the file is absent, too large, nested too deeply, not JSON or not what the model says;
            one line that names the file.
    """
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as problem:
        raise error(f"{path}: {problem.strerror or problem}{advice and f'; {advice}'}") from None
    return parse_model(data, model, str(path), error=error, max_bytes=max_bytes, advice=advice)


def parse_model(
    data: bytes,
    model: type[Model],
    name: str,
    *,
    error: type[ColorzooError] = DataError,
    max_bytes: int = MAX_JSON_BYTES,
    advice: str = "",
) -> Model:
    """Return JSON text as a model; `name` is what messages call it, the rest as in `read_model`."""
    ending = f"; {advice}" if advice else ""
    if len(data) > max_bytes:
        raise error(f"{name}: larger than {max_bytes:,} bytes, not read{ending}")
    try:
        return model.model_validate_json(data)  # its parser bounds the depth and refuses lone surrogates
    except pydantic.ValidationError as problem:
        raise error(f"{name}: damaged ({first_problem(problem)}){ending}") from None


def first_problem(error: pydantic.ValidationError) -> str:
    """Return the first of a validation's problems as a clause, and how many more there are."""
    first, *others = error.errors(include_url=False, include_input=False)
    where = ".".join(str(part) for part in first["loc"])
    text = printable(f"{where}: {first['msg']}" if where else first["msg"])
    return f"{text}, and {len(others)} more" if others else text


_UNFIT = re.compile("[\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class FileStamp(NamedTuple):
    """Values of which one changes when a file is written or replaced, whatever its times are set to."""

    inode: int
    size: int
    modified: int
    changed: int


def path_id(path: str) -> str:
    """Return a path as an id: one line that UTF-8 holds, no two alike; what does not fit is escaped."""
    return _UNFIT.sub(lambda unfit: unfit[0].encode("unicode_escape").decode(), path)


def stamp_of(path: Path) -> FileStamp:
    """Return a file's stamp.

    Raises:
        FileNotFoundError: there is no such file.
    """
    status = path.stat()
    return FileStamp(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def file_digest(path: Path) -> str:
    """Return the sha256 of a file, hexadecimal; a file is read again when it was written or replaced."""
    return _digest(path, stamp_of(path))


def require_unchanged(path: Path, stamp: FileStamp) -> None:
    """Check that a file is unchanged since its stamp was taken.

    Raises:
        DataError: it was written, replaced or deleted.
    """
    if not path.exists() or stamp_of(path) != stamp:
        raise DataError(f"{path}: has changed since it was opened; run the command again")


def require_inside(root: Path, path: Path) -> Path:
    """Return a path that stays in the folder, links followed.

    Raises:
        DataError: it leads out.
    """
    if not path.resolve().is_relative_to(root.resolve()):
        raise DataError(f"{path}: leads out of {root}, by `..` or a link; delete it")
    return path


@lru_cache(maxsize=1 << 18)
def _digest(path: Path, stamp: FileStamp) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def atomic_write(path: str | os.PathLike[str], *, sync: bool = True) -> Iterator[IO[bytes]]:
    """Open a temporary file that takes the place of `path` only when the block ends well.

    sync: whether it is on the disk then; else a kill leaves it whole, but a power failure may leave it
    empty until `sync_file_system` has been called.
    """
    with atomic_path(path, sync=sync) as part, part.open("wb") as file:
        yield file


@contextmanager
def atomic_path(path: str | os.PathLike[str], *, sync: bool = True) -> Iterator[Path]:
    """Yield the path of an empty file that takes the place of `path` only when the block ends well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{_short(path.name)}.", suffix=".part")
    os.close(handle)
    try:
        yield Path(name)
        if sync:
            with Path(name).open("r+b") as file:
                os.fsync(file.fileno())
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


SYNCS_FILE_SYSTEMS = sys.platform == "linux"
"""Whether `sync_file_system` is there."""


def sync_file_system(path: Path) -> None:
    """Wait until all that was written to the file system of a path is on its disk: one wait for many files.

    Raises:
        OSError: it cannot be.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(handle):
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error), str(path))
    finally:
        os.close(handle)


def _short(name: str) -> str:
    """Leave room in the 255 bytes of a file's name for what a temporary one adds."""
    return os.fsdecode(os.fsencode(name)[:235])


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def cache_root() -> Path:
    """Return the folder for things that can be made again: COLORZOO_CACHE or ~/.cache/colorzoo."""
    given = os.environ.get("COLORZOO_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    return Path(given).expanduser() if given else base / "colorzoo"


@contextmanager
def folder_lock(hidden: Path, *written: Path) -> Iterator[None]:
    """Hold a folder for this process alone; first clear away what a killed one left half-written.

    hidden: the folder for housekeeping, swept whole. written: files that are written elsewhere, `*` for all
    of a folder. A folder from somebody else may hold links: none is followed out of it.
    """
    for path in (hidden, hidden / "lock"):
        if path.is_symlink():
            raise DataError(f"{path}: is a link, which may lead anywhere; delete it")
    hidden.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(hidden / "lock", timeout=0):
            elsewhere = [half for file in written for half in file.parent.glob(f".{file.name}.*.part")]
            for half in [*hidden.rglob(".*.part"), *elsewhere]:
                require_inside(hidden.parent, half.parent)
                half.unlink()
            yield
    except Timeout:
        raise DataError(f"{hidden.parent}: another process is at work here; wait for it") from None
