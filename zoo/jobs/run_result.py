"""What became of the pictures of a run, and how it is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from colorzoo.core.errors import ColorzooError, printable

if TYPE_CHECKING:
    from colorzoo.jobs.run_picture import Outcome

LISTED = 1_000
"""Pictures whose results are listed one by one; the manifest has all of them."""
TOLD = 20
"""Failures that are told one by one, and kinds of notes."""
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

    done: coloured now. before: coloured by an earlier run with the same options. failed: now or before.
    passed_by: of these, those that failed before and are unchanged. files: results by picture, of the first
    LISTED ones; failures: the first TOLD paths and errors; notes: how many pictures a clause is true of,
    and the first one. sheets: pages, if any. pages: what became of those of books. seconds: that the
    pictures of `done` took, all workers together; wall: on the clock. workers: 1 is this process. threads:
    of each of them.
    """

    total: int
    done: int = 0
    before: int = 0
    failed: int = 0
    passed_by: int = 0
    seed: int = 0
    seconds: float = 0.0
    wall: float = 0.0
    megapixels: float = 0.0
    workers: int = 1
    threads: int | None = None
    files: dict[Path, list[Path]] = field(default_factory=dict)
    failures: list[tuple[Path, Exception]] = field(default_factory=list)
    notes: dict[str, tuple[int, Path]] = field(default_factory=dict)
    sheets: list[Path] = field(default_factory=list)
    pages: dict[Path, PageCounts] = field(default_factory=dict)
    manifest: Path | None = None
    interrupted: bool = False

    def show(self, path: Path, files: list[Path]) -> None:
        """List the results of a picture, unless there are many already."""
        if len(self.files) < LISTED:
            self.files[path] = files

    def fail(self, path: Path, error: Exception) -> None:
        """Count a failure."""
        self.failed += 1
        if len(self.failures) < TOLD:
            self.failures.append((path, error))

    def add(self, path: Path, outcome: Outcome) -> None:
        """Count a picture that was coloured."""
        self.done += 1
        self.seconds += outcome.seconds
        self.megapixels += outcome.megapixels
        self.show(path, list(outcome.files))
        self.note(path, outcome.notes)

    def note(self, path: Path, clauses: Iterable[str]) -> None:
        """Count what is to be said of a picture."""
        for text in clauses:
            count, first = self.notes.get(text, (0, path))
            if count or len(self.notes) < TOLD:
                self.notes[text] = count + 1, first

    def merge(self, other: RunResult) -> None:
        """Add what became of other pictures or books of the same colorizer."""
        for name in ("total", "done", "before", "failed", "passed_by", "seconds", "wall", "megapixels"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.seed, self.workers, self.threads = other.seed, other.workers, other.threads
        self.manifest, self.interrupted = other.manifest, other.interrupted
        for path, files in other.files.items():
            self.show(path, files)
        self.failures += other.failures[: TOLD - len(self.failures)]
        self.pages.update(other.pages)
        for text, (count, first) in other.notes.items():
            before, named = self.notes.get(text, (0, first))
            self.notes[text] = before + count, named

    def rename(self, path: Path, name: Path) -> None:
        """Call an input by the name that it was given."""
        self.files = {name if key == path else key: value for key, value in self.files.items()}
        self.pages = {name if key == path else key: value for key, value in self.pages.items()}

    @property
    def settled(self) -> int:
        """How many pictures are over and done with."""
        return self.done + self.before + self.failed

    @property
    def colored_pictures(self) -> int:
        """How many pictures were coloured now, pages of books each."""
        pages = sum(counts.colored - counts.before for counts in self.pages.values())
        return self.done - len(self.pages.keys() & self.files.keys()) + pages

    def page_lines(self) -> list[str]:
        """Return one line a book."""
        return [f"{printable(str(path))}: {counts}" for path, counts in self.pages.items()]

    def pace(self) -> str:
        """Return how fast it was: of several pictures how many a second, too."""
        count = self.colored_pictures
        unit = next((counts.unit for counts in self.pages.values()), "picture")
        text = f"{self.seconds / max(1, count):.2g} s a {unit}"
        if count < 2 or not self.wall or self.pages:
            return text
        speeds = f"{count / self.wall:.3g} pictures/s, {self.megapixels / self.wall:.3g} megapixels/s"
        return f"{text}, {speeds}"

    def note_lines(self) -> list[str]:
        """Return one line a note, however many pictures it is true of, and some of the pages not read."""
        unread = (text for counts in self.pages.values() for text in counts.unread[:SHOWN_PAGES])
        return [_note_line(text, *told) for text, told in self.notes.items()] + [*map(printable, unread)]

    def failure_lines(self) -> list[str]:
        """Return one line a failure, and how many more there are."""
        lines = [failure_line(path, error) for path, error in self.failures]
        more = self.failed - len(lines)
        return [*lines, f"and {more:,} more, named in {self.manifest}"] if more > 0 else lines


def _note_line(text: str, count: int, path: Path) -> str:
    first = printable(str(path))
    return f"{first}: {text}" if count == 1 else f"{count} pictures, the first {first}: {text}"


def failure_line(path: Path, error: Exception) -> str:
    """Return what was wrong with a picture, in one line that names it."""
    shown = printable(str(path))
    if isinstance(error, OSError) and error.strerror:
        return f"{shown}: {error.strerror}"
    known = isinstance(error, ColorzooError)
    text = printable(str(error)) if known else f"{type(error).__name__}: {printable(str(error))}"
    return text if text.startswith(shown) else f"{shown}: {text}"
