"""Paths that others have named: as locations, as ids, and whether what they lead to was replaced."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from colorzoo.core.errors import DataError, UnknownNameError
from colorzoo.core.images import SUFFIXES

_UNFIT = re.compile("[\\\\\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class FileStamp(NamedTuple):
    """What does not stay when a file is written or replaced, whatever its times are set to."""

    inode: int
    size: int
    modified: int
    changed: int


def parse_address(address: str, known: Mapping[str, Sequence[str]]) -> tuple[str, str | None]:
    """Split a dataset address into source name and location.

    `NAME`, `NAME:LOCATION`, or a bare path: of a file with an ending that a source reads, or of a folder.
    known: the endings by source.
    """
    name, colon, location = address.partition(":")
    if name in known:
        return name, location if colon else None
    for source, suffixes in known.items():
        if address.lower().endswith(tuple(suffixes)) and not local_path(address).is_dir():
            return source, address
    if local_path(address).exists() or "/" in address or address.startswith((".", "~")):
        return "folder", address
    raise UnknownNameError("dataset", name, known, hint="or give the path of a folder")


def local_path(location: str) -> Path:
    """Return a location as a path; `~` is expanded where it names somebody."""
    try:
        return Path(location).expanduser()
    except RuntimeError:  # nobody of that name
        return Path(location)


def path_id(path: str) -> str:
    """Return a path as an id: one line that UTF-8 holds, no two alike; what does not fit is escaped."""
    return _UNFIT.sub(lambda unfit: unfit[0].encode("unicode_escape").decode(), path)


def stamp_of(path: Path) -> FileStamp:
    """Return a file's stamp; FileNotFoundError if there is none."""
    facts = path.stat()
    return FileStamp(facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)


def file_digest(path: Path) -> str:
    """Return the sha256 of a file, hexadecimal; a file is read again when it was written or replaced."""
    return _digest(path, stamp_of(path))


def require_unchanged(path: Path, stamp: FileStamp) -> None:
    """Raise DataError if a file is not what it was when its stamp was taken."""
    if not path.exists() or stamp_of(path) != stamp:
        raise DataError(f"{path}: has changed since it was opened; run the command again")


def require_inside(root: Path, path: Path) -> Path:
    """Return the path if it stays in the folder, links followed; DataError if it leads out."""
    if not path.resolve().is_relative_to(root.resolve()):
        raise DataError(f"{path}: leads out of {root}, by `..` or a link; delete it")
    return path


def file_names(ids: Sequence[str]) -> list[str]:
    """Return a relative path without suffix for every id: plain characters, inside the folder, unique."""
    names: list[str] = []
    taken: set[str] = set()
    counts: Counter[str] = Counter()
    for key in ids:
        plain, _, place = key.partition("#")
        path = PurePosixPath(plain)
        folders = [_folder(part) for part in path.parent.parts if part != "/"]
        chosen = name = _bounded([*folders, _plain(path.stem + (f"_{place}" if place else ""))], key)
        while chosen.lower() in taken:
            counts[name] += 1
            chosen = f"{name}-{counts[name] + 1}"
        taken.add(chosen.lower())
        names.append(chosen)
    return names


def _folder(part: str) -> str:
    return _plain(part) + "_" * part.lower().endswith(SUFFIXES)  # never what a picture is called


def _plain(part: str) -> str:
    """Return a part of a path in characters and a length that every file system has."""
    short = re.sub(r"[^\w .+-]", "_", part).lstrip(".").strip()[:120]
    return short.encode()[:200].decode("utf-8", "ignore").strip() or "_"


def _bounded(parts: Sequence[str], key: str) -> str:
    """Join the parts; the folders of a path that would be too long become a number made of its id."""
    name = "/".join(parts)
    number = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return name if len(name.encode()) <= 1000 else f"{number}/{parts[-1]}"


@lru_cache(maxsize=1 << 18)
def _digest(path: Path, stamp: FileStamp) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
