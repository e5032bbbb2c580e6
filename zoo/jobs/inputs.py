"""Expands what a user names into pictures, each with a name of its own for its results."""

from __future__ import annotations

import glob
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from colorzoo.core.errors import ColorzooError, DataError, ImageError, printable
from colorzoo.core.imaging.image_io import READABLE
from colorzoo.jobs.opening import container_of, opened
from colorzoo.jobs.run_folder import COLORIZED, results_near
from colorzoo.jobs.run_guidance import SIDECARS

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


def gather(inputs: Sequence[str]) -> Inputs:
    """Expand files, folders and globs; of folders what a run made is left out, and what is no picture.

    Raises:
        ImageError: an empty name, an address, or a pattern or folder without pictures.
    """
    gathered, ignored, results = [], Counter[str](), 0
    for text in inputs:
        path = _path(text)
        if path.is_dir():
            files, others, made = _below(path)
            gathered += files
            ignored += others
            results += made
        elif not path.exists() and glob.has_magic(text):
            gathered += _globbed(text)
        else:
            gathered.append((path, Path(path.name)))
    books = [(path, target) for path, target in gathered if container_of(path)]
    files = [one for one in gathered if one not in set(books)] if books else gathered
    return Inputs(_distinct(files), ignored, results, _distinct(books, _key_of_book))


def _path(text: str) -> Path:
    if not text or "\0" in text:
        raise ImageError(
            f"{printable(text)!r} is no name of a file; give a picture, a folder (. is this one)"
        )
    if ADDRESS.match(text) and not Path(text).exists():
        raise ImageError(f"{printable(text)}: addresses are not read; download it first, as `curl -O` does")
    return Path(text).expanduser()


def _below(folder: Path) -> tuple[list[tuple[Path, Path]], Counter[str], int]:
    """Return the pictures of a folder, the endings of other files, and how many results are left out."""
    names = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    visible = [name for name in names if not any(part.startswith(".") for part in name.parts)]
    visible = [name for name in visible if not name.name.lower().endswith((COLORIZED, *SIDECARS))]
    pictures = [name for name in visible if name.suffix.lower() in READABLE or _is_book(folder / name)]
    made = results_near(folder)
    wanted = [name for name in pictures if (folder.resolve() / name) not in made]
    ending = (name.suffix.lower()[1:] or "without ending" for name in visible if name not in set(pictures))
    if not wanted:
        reason = "all of its pictures are results of earlier runs" if pictures else "no pictures"
        raise ImageError(f"{printable(str(folder))}: {reason}; expected files of {', '.join(READABLE)}")
    return [(folder / name, name) for name in wanted], Counter(ending), len(pictures) - len(wanted)


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


def _distinct(
    gathered: Sequence[tuple[Path, Path]], key: Callable[[Path], str] = lambda path: _key(path)
) -> list[tuple[Path, Path]]:
    """Number targets that would overwrite each other: a.png and A.jpg, or x/a.png and y/a.png."""
    taken: set[str] = set()
    last: dict[str, int] = {}
    result = []
    for file, target in gathered:
        stem, unique = target.stem, target
        number = last.get(key(target), 1)
        while key(unique) in taken:
            number += 1
            unique = target.with_name(f"{stem}~{number}{target.suffix}")
        last[key(target)] = number
        taken.add(key(unique))
        result.append((file, unique))
    return result


def _key_of_book(target: Path) -> str:
    """Return the same with its ending, which a book keeps."""
    return _key(target.with_name(f"{target.name}."))


def _key(target: Path) -> str:
    """Return what file systems that ignore case, or how an accent is written, tell names apart by."""
    return unicodedata.normalize(
        "NFC", unicodedata.normalize("NFD", str(target.with_suffix(""))).casefold()
    )
