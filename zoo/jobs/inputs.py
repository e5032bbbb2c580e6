"""Expands what a user names into pictures, each with a name of its own for its results."""

from __future__ import annotations

import glob
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from colorzoo.core.errors import ImageError, printable
from colorzoo.core.interfaces.dataset import picture_files


def gather(inputs: Sequence[str]) -> list[tuple[Path, Path]]:
    """Expand files, folders and globs to (file, where its result goes below the output folder).

    Raises:
        ImageError: an empty name, or a pattern that matches no file.
    """
    gathered: list[tuple[Path, Path]] = []
    for text in inputs:
        if not text or "\0" in text:
            raise ImageError(
                f"{printable(text)!r} is no name of a file; give a picture, a folder (. is this one)"
            )
        path = Path(text).expanduser()
        if path.is_dir():
            gathered += [(file, file.relative_to(path)) for file in picture_files(path)]
        elif not path.exists() and glob.has_magic(text):
            gathered += _globbed(text)
        else:
            gathered.append((path, Path(path.name)))
    return _distinct(gathered)


def _globbed(pattern: str) -> list[tuple[Path, Path]]:
    files = sorted(Path(p) for p in glob.glob(pattern, recursive=True) if Path(p).is_file())  # noqa: PTH207  may be absolute
    if not files:
        raise ImageError(f"{printable(pattern)}: matches no file")
    return [(file, Path(file.name)) for file in files]


def _distinct(gathered: Sequence[tuple[Path, Path]]) -> list[tuple[Path, Path]]:
    """Number targets that would overwrite each other: a.png and A.jpg, or x/a.png and y/a.png."""
    taken: set[str] = set()
    last: dict[str, int] = {}
    result = []
    for file, target in gathered:
        stem, unique = target.stem, target
        number = last.get(_key(target), 1)
        while _key(unique) in taken:
            number += 1
            unique = target.with_name(f"{stem}~{number}{target.suffix}")
        last[_key(target)] = number
        taken.add(_key(unique))
        result.append((file, unique))
    return result


def _key(target: Path) -> str:
    """Return what file systems that ignore case, or how an accent is written, tell names apart by."""
    return unicodedata.normalize(
        "NFC", unicodedata.normalize("NFD", str(target.with_suffix(""))).casefold()
    )
