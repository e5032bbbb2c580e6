"""Colours picture files into a folder, one after the other; one that fails does not stop the others."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from colorzoo.core.data.statistics import mean_chroma
from colorzoo.core.errors import ColorzooError, DataError, printable
from colorzoo.core.imaging.contact_sheet import Cell, contact_sheet, thumbnail
from colorzoo.core.imaging.image_io import Picture, check_writable, lost_in, read, write
from colorzoo.core.inference.colorize import colorings
from colorzoo.core.inference.memory import hand_back_large_blocks, release_free_memory
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.dataset import Progress

SHEET_ROWS, SHEET_SAMPLES = 24, 8
LARGE = 2**22
"""Bytes of a picture after which memory is worth handing back."""
LOCK = ".colorzoo-run.lock"


@dataclass
class RunResult:
    """What became of the pictures: how many are coloured, what failed and why, what was left out of them.

    failures: paths and errors. notes: clauses to the paths they are true of. sheet: if one was written.
    """

    total: int
    done: int = 0
    failures: list[tuple[Path, Exception]] = field(default_factory=list)
    notes: dict[str, list[Path]] = field(default_factory=dict)
    sheet: Path | None = None
    interrupted: bool = False

    def note_lines(self) -> list[str]:
        """Return one line a note, however many pictures it is true of."""
        return [_note_line(text, paths) for text, paths in self.notes.items()]

    def failure_lines(self) -> list[str]:
        """Return one line a failure."""
        return [_failure_line(path, error) for path, error in self.failures]


def run(
    name: str,
    colorizer: Colorizer,
    files: Sequence[tuple[Path, Path]],
    out: Path,
    *,
    options: Mapping[str, object],
    format: str = "png",
    progress: Progress = lambda done, total: None,
) -> RunResult:
    """Colour files, write every sample and a contact sheet; Ctrl-C ends early with what is done.

    name: of the colorizer, as results are called. files: pictures and where their results go below `out`,
    from `colorzoo.jobs.inputs.gather`. format: the suffix of results, without dot.

    Raises:
        DataError: another process colours into the same folder.
    """
    hand_back_large_blocks()
    result = RunResult(len(files))
    rows: list[list[Cell]] = []
    with _alone(out, name, files):
        try:
            for number, (path, target) in enumerate(files):
                progress(number, len(files))
                stem = out / target.parent / f"{target.stem}-{name}"
                try:
                    row = _color(colorizer, path, stem, options, format, result)
                except Exception as error:  # whatever one picture brings about, the others go on
                    result.failures.append((path, error))
                    continue
                result.done += 1
                if len(rows) < SHEET_ROWS:
                    rows.append(row)
            progress(len(files), len(files))
        except KeyboardInterrupt:
            result.interrupted = True
        if rows:
            stem_of_one = f"{files[0][1].stem}-" if len(files) == 1 else ""
            result.sheet = out / f"{stem_of_one}{name}-sheet.png"
            write(result.sheet, Picture(contact_sheet(rows)))
    return result


def _color(
    colorizer: Colorizer,
    path: Path,
    stem: Path,
    options: Mapping[str, object],
    format: str,
    result: RunResult,
) -> list[Cell]:
    """Colour one file; return its row of the contact sheet, reduced at once."""
    picture = read(path)
    last = f"{stem.name}.{format}"
    check_writable(last, picture.rgb.shape[0], picture.rgb.shape[1])
    cells = [thumbnail(picture.rgb, "original")] if mean_chroma(picture.rgb) > 1 else []
    cells.append(thumbnail(picture.gray, "grey"))
    for number, sample in enumerate(colorings(colorizer, picture, options), start=1):
        write(stem.with_name(f"{stem.name}-{number}.{format}"), sample)
        if number <= SHEET_SAMPLES:
            cells.append(thumbnail(sample.rgb, f"sample {number}"))
        del sample  # before the next one is made
        if picture.rgb.nbytes >= LARGE:
            release_free_memory()
    for note in (*picture.notes, *lost_in(last, picture)):
        result.notes.setdefault(note, []).append(path)
    return cells


@contextmanager
def _alone(out: Path, name: str, files: Sequence[tuple[Path, Path]]) -> Iterator[None]:
    """Hold the output folder, swept of what a killed run left; nothing of this stays there."""
    new = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    lock = out / LOCK
    try:
        with FileLock(lock, timeout=0):
            _sweep(out, name, files)
            try:
                yield
            finally:
                lock.unlink(missing_ok=True)
    except Timeout:
        raise DataError(
            f"{printable(str(out))}: another `colorzoo run` writes there; wait for it, or give another -o"
        ) from None
    finally:
        if new:
            with suppress(OSError):
                out.rmdir()  # if nothing was written


def _sweep(out: Path, name: str, files: Sequence[tuple[Path, Path]]) -> None:
    """Delete half-written results, and only those: the folder may be anybody's."""
    half = re.compile(rf"\..*{re.escape(name)}-(\d+|sheet)\.\w+\.\w{{8}}\.part", re.DOTALL)
    for folder in {out, *(out / target.parent for _, target in files)}:
        for path in folder.glob(".*.part"):
            if half.fullmatch(path.name):
                path.unlink(missing_ok=True)


def _note_line(text: str, paths: Sequence[Path]) -> str:
    first = printable(str(paths[0]))
    return f"{first}: {text}" if len(paths) == 1 else f"{len(paths)} pictures, the first {first}: {text}"


def _failure_line(path: Path, error: Exception) -> str:
    shown = printable(str(path))
    if isinstance(error, OSError) and error.strerror:
        return f"{shown}: {error.strerror}"
    text = printable(str(error)) if isinstance(error, ColorzooError) else _said(error)
    return text if text.startswith(shown) else f"{shown}: {text}"


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {printable(str(error))}"
