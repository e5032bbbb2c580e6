"""What became of the pictures of a run, and how it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from colorzoo.core.errors import ColorzooError, printable


@dataclass
class RunResult:
    """What became of the pictures: how many are coloured, what failed and why, what was left out of them.

    done: coloured now. before: coloured by an earlier run with the same options. files: results by picture.
    failures: paths and errors. notes: clauses to the paths they are true of. sheets: pages, if any.
    seconds: that the pictures of `done` took.
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
    interrupted: bool = False

    def note_lines(self) -> list[str]:
        """Return one line a note, however many pictures it is true of."""
        return [_note_line(text, paths) for text, paths in self.notes.items()]

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
