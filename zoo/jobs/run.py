"""Colours picture files into a folder, one after the other; one that fails does not stop the others."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from colorzoo.core.errors import ColorzooError, printable
from colorzoo.core.files import file_digest
from colorzoo.core.imaging.contact_sheet import Cell
from colorzoo.core.imaging.image_io import Picture, check_writable, lost_in, read, write
from colorzoo.core.inference.colorize import colorings
from colorzoo.core.inference.memory import hand_back_large_blocks, release_free_memory
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.dataset import Progress
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.jobs.run_folder import ResultFolder, ResultRecord, details, held, quoted, unquoted
from colorzoo.jobs.run_guidance import NO_GUIDANCE, GuidanceRequest, sidecars_digest
from colorzoo.jobs.run_record import ColorizedRecord
from colorzoo.jobs.run_sheet import ROWS, SAMPLES, SheetPages, original_cells, sample_cell, stored_cells

LARGE = 2**22
"""Bytes of a picture after which memory is worth handing back."""


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


@dataclass(frozen=True)
class RunSettings:
    """How pictures are coloured.

    name: of the colorizer, as results are called. options: of the run; a seed of None is drawn, or that of
    the same options before. given: what the user asked for, by name, which tells names of results apart.
    format: the suffix of results, without dot. overwrite: replace results of other options, and colour
    anew. sheet: whether to write one; None: for at most 24 pictures. guidance: what is said of colours.
    """

    name: str
    options: Mapping[str, object]
    given: Mapping[str, object] = field(default_factory=dict)
    format: str = "png"
    overwrite: bool = False
    sheet: bool | None = None
    guidance: GuidanceRequest = NO_GUIDANCE


def run(
    colorizer: Colorizer,
    files: Sequence[tuple[Path, Path]],
    out: Path,
    settings: RunSettings,
    progress: Progress = lambda done, total: None,
) -> RunResult:
    """Colour files, write every sample and contact sheets; Ctrl-C ends early with what is done.

    The same call goes on where one was interrupted: results of the same options are not made again.

    files: pictures and where their results go below `out`, from `colorzoo.jobs.inputs.gather`.

    Raises:
        DataError: another process colours into the same folder, or its record is damaged.
    """
    hand_back_large_blocks()
    with held(out, settings.name, files):
        batch = Batch(colorizer, out, settings, files)
        try:
            for number, (path, target) in enumerate(files):
                progress(number, len(files))
                try:
                    batch.color(path, target)
                except Exception as error:  # whatever one picture brings about, the others go on
                    batch.result.failures.append((path, error))
            progress(len(files), len(files))
        except KeyboardInterrupt:
            batch.result.interrupted = True
        batch.finish()
    return batch.result


class Batch:
    """The pictures of one run, and what became of them so far."""

    def __init__(
        self,
        colorizer: Colorizer,
        out: Path,
        settings: RunSettings,
        files: Sequence[tuple[Path, Path]],
    ) -> None:
        self.colorizer, self.settings, self.folder = colorizer, settings, ResultFolder(out)
        self.run = _digest(settings, colorizer)
        self.record = ColorizedRecord(out, colorizer, settings)
        self.labels = list(dict.fromkeys([settings.name, _label(settings)]))
        seed = settings.options.get("seed")
        if seed is None and not settings.overwrite:
            seed = self.folder.seed_of(self.run)
        seed = secrets.randbelow(2**31) if seed is None else seed
        self.options = {**settings.options, "seed": seed}
        self.result = RunResult(len(files), seed=int(str(seed)))
        wanted = len(files) <= ROWS if settings.sheet is None else settings.sheet
        self.sheet_prefix = f"{files[0][1].stem}-" if len(files) == 1 else ""
        self.sheet = SheetPages(out / f"{self.sheet_prefix}{settings.name}", wanted=wanted)

    def color(self, path: Path, target: Path) -> None:
        """Colour one file, unless that was done before."""
        content = file_digest(path) if path.is_file() else ""  # reading says what is wrong
        depends = " ".join(filter(None, [self.run, content, sidecars_digest(path)]))
        made_by = hashlib.sha256(depends.encode()).hexdigest()
        overwrite = self.settings.overwrite
        stem = self.folder.stem_for(target, self.labels, made_by, overwrite=overwrite)
        files = [] if overwrite else self.folder.finished(stem, made_by)
        if files:
            self.result.before += 1
            self.sheet.add(stored_cells(path, files))
        else:
            start = time.monotonic()
            self._color(path, stem, made_by)
            self.record.add(path, content, stem, self.result.files[path], self.options)
            self.result.seconds += time.monotonic() - start
            self.result.done += 1
        self.result.files[path] = files or self.result.files[path]
        self._name_sheet(target, stem)

    def finish(self) -> None:
        """Write the last page of the sheet, and note all pages as results."""
        self.sheet.flush()
        self.result.sheets = self.sheet.pages
        if self.sheet.pages:
            key = f"{quoted(self.sheet.stem.relative_to(self.folder.out))}-sheet"
            record = ResultRecord(key=key, made_by=self.run, files=[])
            self.folder.finish(record, self.sheet.pages)

    def _name_sheet(self, target: Path, stem: Path) -> None:
        """Call the sheet as results are called that needed a longer name."""
        if not self.sheet.pages:
            label = stem.name.removeprefix(f"{target.stem}-")
            self.sheet.stem = self.folder.out / f"{self.sheet_prefix}{label}"

    def _color(self, path: Path, stem: Path, made_by: str) -> None:
        """Write the samples of a file, equal ones once, and add them to the sheet."""
        picture = read(path)
        suffix = self.settings.format
        check_writable(f"{stem.name}.{suffix}", *picture.rgb.shape[:2])
        count = int(str(self.options.get("samples", 1)))
        names = [stem.with_name(f"{stem.name}-{number}.{suffix}") for number in range(1, count + 1)]
        record = ResultRecord(
            key=quoted(stem), made_by=made_by, run=self.run, seed=self.result.seed,
            files=[quoted(name) for name in names],
        )  # fmt: skip
        guidance = self.settings.guidance.of(path, picture)
        files, cells = self._write_samples(picture, guidance, record)
        self.folder.finish(record, files)
        self.result.files[path] = files
        self.sheet.add([*original_cells(picture, path.name), *cells])
        notes = [*picture.notes, *lost_in(names[0].name, picture)]
        if len(files) < count:
            notes.append(f"{count - len(files)} of its {count} samples equal others, and are written once")
        for note in notes:
            self.result.notes.setdefault(note, []).append(path)

    def _write_samples(
        self, picture: Picture, guidance: Guidance, record: ResultRecord
    ) -> tuple[list[Path], list[Cell]]:
        """Write samples that differ; return their files, and what the sheet shows of them."""
        files: list[Path] = []
        cells: list[Cell] = []
        digests: set[bytes] = set()
        samples = colorings(self.colorizer, picture, self.options, guidance)
        for number, sample in enumerate(samples, start=1):
            digest = hashlib.sha256(sample.rgb.data).digest()
            if not digests:
                self.folder.begin(record)
            if digest not in digests:
                digests.add(digest)
                files.append(self.folder.out / unquoted(record.files[number - 1]))
                write(files[-1], sample)
                if number <= SAMPLES:
                    cells.append(sample_cell(sample.rgb, number, len(record.files)))
            del sample  # before the next one is made
            if picture.rgb.nbytes >= LARGE:
                release_free_memory()
        return files, cells


def _digest(settings: RunSettings, colorizer: Colorizer) -> str:
    """Return the sha256 over all that results depend on besides pictures."""
    info = colorizer.weights_info
    weights = [info.sha256, info.config] if info else []
    known = [settings.name, weights, dict(settings.options), settings.format]
    known += filter(None, [settings.guidance.digest])
    return hashlib.sha256(json.dumps(known, default=str, sort_keys=True).encode()).hexdigest()


def _label(settings: RunSettings) -> str:
    told = details({**settings.given, **settings.guidance.given()})
    return f"{settings.name}-{told}" if told else settings.name


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
