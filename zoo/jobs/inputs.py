"""Expands what a user names into pictures, each with a name of its own for its results."""

from __future__ import annotations

import glob
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from colorzoo.core.errors import ColorzooError, DataError, ImageError, printable
from colorzoo.core.imaging.image_io import READABLE
from colorzoo.jobs.opening import container_of, container_suffixes, opened
from colorzoo.jobs.run_folder import results_near
from colorzoo.jobs.run_guidance import SIDECARS
from colorzoo.jobs.run_manifest import MANIFEST

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/", re.IGNORECASE)
SHOWN = 8
"""Endings that are counted one by one."""


class Inputs(NamedTuple):
    """Pictures with where their results go below the output folder, and what folders held besides.

    ignored: files that are no pictures, by ending. results: files left out because a run made them.
    books: what holds several pictures, likewise with where results go.
    """

    files: list[tuple[Path, Path]]
    ignored: Counter[str]
    results: int
    books: list[tuple[Path, Path]] = []

    def left_out(self) -> list[str]:
        """Return a line for each reason why files of the folders are not coloured."""
        counted = [f"{count} {ending}" for ending, count in self.ignored.most_common(SHOWN)]
        counted += ["others"] * (len(self.ignored) > SHOWN)
        lines = [f"{self.ignored.total()} left out: {', '.join(counted)}"] if counted else []
        return lines + [f"{self.results} left out: results of earlier runs"] * (self.results > 0)


def gather(inputs: Sequence[str], *, may_be_empty: bool = False) -> Inputs:
    """Expand files, folders and globs; of folders what a run made is left out, and what is no picture.

    may_be_empty: whether a folder without pictures is no error.

    Raises:
        ImageError: an empty name, an address, or a pattern or folder without pictures.
    """
    gathered, ignored, results = [], Counter[str](), 0
    for text in inputs:
        path = _path(text)
        if path.is_dir():
            files, others, made = _below(path, may_be_empty=may_be_empty)
            gathered += files
            ignored += others
            results += made
        elif not path.exists() and glob.has_magic(text):
            gathered += _globbed(text)
        else:
            gathered.append((path, Path(path.name)))
    endings = tuple(container_suffixes())
    likely = [one for one in gathered if one[1].name.lower().endswith(endings)]
    books = [(path, target) for path, target in likely if container_of(path)]
    files = [one for one in gathered if one not in set(books)] if books else gathered
    return Inputs(distinct(files), ignored, results, distinct(books, _key_of_book))


def _path(text: str) -> Path:
    if not text or "\0" in text:
        raise ImageError(
            f"{printable(text)!r} is no name of a file; give a picture, a folder (. is this one)"
        )
    if ADDRESS.match(text) and not Path(text).exists():
        raise ImageError(f"{printable(text)}: addresses are not read; download it first, as `curl -O` does")
    return Path(text).expanduser()


def _below(
    folder: Path, *, may_be_empty: bool = False
) -> tuple[list[tuple[Path, Path]], Counter[str], int]:
    """Return the pictures of a folder, the endings of other files, and how many results are left out."""
    root, made = folder.resolve(), results_near(folder)
    wanted: list[Path] = []
    left: Counter[str] = Counter()
    results = 0
    # texts, not paths: there may be a hundred thousand
    for name in sorted(_visible(folder), key=lambda name: name.split(os.sep)):  # noqa: PTH206
        suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122
        if suffix not in READABLE and not _is_book(folder / name):
            left[suffix[1:] or "without ending"] += 1
        elif f"{root}{os.sep}{name}" in made:
            results += 1
        else:
            wanted.append(Path(name))
    if not wanted and not may_be_empty:
        reason = "all of its pictures are results of earlier runs" if results else "no pictures"
        raise ImageError(f"{printable(str(folder))}: {reason}; expected files of {', '.join(READABLE)}")
    return [(folder / name, name) for name in wanted], left, results


def _visible(folder: Path) -> Iterator[str]:
    """Yield the files below a folder, relative to it, but for hidden ones, manifests and hints."""
    with suppress(OSError), os.scandir(folder) as entries:  # one that may not be read holds nothing
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from (f"{entry.name}{os.sep}{inner}" for inner in _visible(Path(entry)))
            elif not entry.name.lower().endswith((MANIFEST, *SIDECARS)) and entry.is_file():
                yield entry.name


def _is_book(path: Path) -> bool:
    """Return whether a file of a folder is a book, not just anybody's zip; one that is damaged is named."""
    try:
        if not container_of(path):
            return False
    except DataError:  # other content than its ending says
        return False
    try:
        with opened(path) as book:
            return book.page_count != 0
    except ColorzooError:
        return True


def _globbed(pattern: str) -> list[tuple[Path, Path]]:
    files = sorted(Path(p) for p in glob.glob(pattern, recursive=True) if Path(p).is_file())  # noqa: PTH207  may be absolute
    if not files:
        raise ImageError(f"{printable(pattern)}: matches no file")
    return [(file, Path(file.name)) for file in files]


def distinct(
    gathered: Sequence[tuple[Path, Path]], key: Callable[[Path], str] = lambda path: _key(path)
) -> list[tuple[Path, Path]]:
    """Number targets that would overwrite each other: a.png and A.jpg, or x/a.png and y/a.png."""
    taken: set[str] = set()
    last: dict[str, int] = {}
    result = []
    for file, target in gathered:
        unique, own = target, key(target)
        unique_key, number = own, last.get(own, 1)
        while unique_key in taken:
            number += 1
            unique = target.with_name(f"{target.stem}~{number}{target.suffix}")
            unique_key = key(unique)
        last[own] = number
        taken.add(unique_key)
        result.append((file, unique))
    return result


def _key_of_book(target: Path) -> str:
    """Return the same with its ending, which a book keeps."""
    return _key(target.with_name(f"{target.name}."))


def _key(target: Path) -> str:
    """Return what file systems that ignore case, or how an accent is written, tell names apart by."""
    text = str(target)
    text = text[: len(text) - len(target.suffix)]
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", text).casefold())
