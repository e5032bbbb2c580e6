"""What became of the pictures of a run, and how it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from colorzoo.core.errors import ColorzooError, printable

SHOWN_PAGES = 5
"""Of a book's pages that were not read, which are named."""


@dataclass
class PageCounts:
    """What became of the pages of a book: coloured, of those by an earlier run, left for their colour.

    unread: why others were left as they are. seconds: that colouring took. unit: what they are called.
    """

    colored: int = 0
    before: int = 0
    had_color: int = 0
    unread: list[str] = field(default_factory=list)
    seconds: float = 0.0
    unit: str = "page"

    def __str__(self) -> str:
        parts = [f"{self.colored} {self.unit}{'s' * (self.colored != 1)} coloured"]
        parts += [f"{self.before} of them by an earlier run"] * (self.before > 0)
        parts += [f"{self.had_color} in colour already, kept (--recolor colours it)"] * (self.had_color > 0)
        parts += [f"{len(self.unread)} not read, kept"] * (len(self.unread) > 0)
        return ", ".join(parts)


@dataclass
class RunResult:
    """What became of the pictures: how many are coloured, what failed and why, what was left out of them.

    done: coloured now. before: coloured by an earlier run with the same options. files: results by picture.
    failures: paths and errors. notes: clauses to the paths they are true of. sheets: pages, if any.
    pages: what became of those of a book. seconds: that the pictures of `done` took.
    """

    total: int
    done: int = 0
    before: int = 0
    seed: int = 0
    seconds: float = 0.0
    files: dict[Path, list[Path]] = field(default_factory=dict)
    failures: list[tuple[Path, Exception]] = field(default_factory=list)
    notes: dict[str, list[Path]] = field(default_factory=dict)
    sheets: list[Path] = field(default_factory=list)
    pages: dict[Path, PageCounts] = field(default_factory=dict)
    interrupted: bool = False

    def joined(self, other: RunResult) -> RunResult:
        """Return this with what became of other inputs."""
        for name in ("files", "notes", "pages"):
            getattr(self, name).update(getattr(other, name))
        for count in ("total", "done", "before", "seconds"):
            setattr(self, count, getattr(self, count) + getattr(other, count))
        self.failures += other.failures
        self.sheets += other.sheets
        self.interrupted = self.interrupted or other.interrupted
        return self

    def rename(self, path: Path, name: Path) -> None:
        """Call an input by the name that it was given."""
        self.files = {name if key == path else key: value for key, value in self.files.items()}
        self.pages = {name if key == path else key: value for key, value in self.pages.items()}

    @property
    def colored_pictures(self) -> int:
        """How many pictures were coloured now, pages of books each."""
        pages = sum(counts.colored - counts.before for counts in self.pages.values())
        return self.done - len(self.pages.keys() & self.files.keys()) + pages

    def page_lines(self) -> list[str]:
        """Return one line a book."""
        return [f"{printable(str(path))}: {counts}" for path, counts in self.pages.items()]

    def note_lines(self) -> list[str]:
        """Return one line a note, however many pictures it is true of, and some of the pages not read."""
        unread = (text for counts in self.pages.values() for text in counts.unread[:SHOWN_PAGES])
        return [_note_line(text, paths) for text, paths in self.notes.items()] + [*map(printable, unread)]

    def failure_lines(self) -> list[str]:
        """Return one line a failure."""
        return [failure_line(path, error) for path, error in self.failures]


def _note_line(text: str, paths: Sequence[Path]) -> str:
    first = printable(str(paths[0]))
    return f"{first}: {text}" if len(paths) == 1 else f"{len(paths)} pictures, the first {first}: {text}"


def failure_line(path: Path, error: Exception) -> str:
    """Return what was wrong with a picture, in one line that names it."""
    shown = printable(str(path))
    if isinstance(error, OSError) and error.strerror:
        return f"{shown}: {error.strerror}"
    known = isinstance(error, ColorzooError)
    text = printable(str(error)) if known else f"{type(error).__name__}: {printable(str(error))}"
    return text if text.startswith(shown) else f"{shown}: {text}"
