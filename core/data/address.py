"""Paths that others have named: as locations, as ids, and whether what they lead to was replaced."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from colorzoo.core.errors import UnknownNameError
from colorzoo.core.imaging.image_io import SUFFIXES


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


def file_names(ids: Sequence[str]) -> list[str]:
    """Return a relative path without suffix for every id: plain characters, inside the folder, unique."""
    names: list[str] = []
    taken: set[str] = set()
    counts: Counter[str] = Counter()
    for key in ids:
        plain, _, suffix = key.partition("#")
        path = PurePosixPath(plain)
        folders = [_folder(part) for part in path.parent.parts if part != "/"]
        chosen = name = _bounded([*folders, _plain(path.stem + (f"_{suffix}" if suffix else ""))], key)
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
