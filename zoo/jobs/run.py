"""Colours picture files into a folder, one after the other; one that fails does not stop the others."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from colorzoo.core.files import file_digest
from colorzoo.core.imaging.contact_sheet import Cell
from colorzoo.core.imaging.image_io import Picture, check_writable, lost_in, read_any, suffix_for, write
from colorzoo.core.inference.colorize import colorings
from colorzoo.core.inference.memory import hand_back_large_blocks, release_free_memory
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.container import WHOLE, VideoOptions
from colorzoo.core.interfaces.dataset import Progress
from colorzoo.jobs import run_chapter, run_frames
from colorzoo.jobs.run_folder import ResultFolder, ResultRecord, details, held, quoted, unquoted
from colorzoo.jobs.run_guidance import NO_GUIDANCE, GuidanceRequest, sidecars_digest
from colorzoo.jobs.run_record import ColorizedRecord
from colorzoo.jobs.run_result import RunResult
from colorzoo.jobs.run_sheet import ROWS, SAMPLES, SheetPages, original_cells, sample_cell, stored_cells

LARGE = 2**22
"""Bytes of a picture after which memory is worth handing back."""


@dataclass(frozen=True)
class RunSettings:
    """How pictures are coloured.

    name: of the colorizer, as results are called. options: of the run; a seed of None is drawn, or that of
    the same options before. given: what the user asked for, by name, which tells names of results apart.
    format: the suffix of results, without dot; None: that of each picture. overwrite: replace results of
    other options, and colour anew. sheet: whether to write one; None: for at most 24 pictures. guidance:
    what is said of colours. frames: whether the pictures of a folder are frames, whose colours agree.
    quality: of JPEG; None: that of the picture. mark: whether results say that they were coloured.
    video: what is asked of videos.
    """

    name: str
    options: Mapping[str, object]
    given: Mapping[str, object] = field(default_factory=dict)
    format: str | None = None
    overwrite: bool = False
    sheet: bool | None = None
    guidance: GuidanceRequest = NO_GUIDANCE
    frames: bool = False
    quality: int | None = None
    mark: bool = True
    video: VideoOptions = WHOLE


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
            seen = run_chapter.agree(batch, files, progress) if settings.guidance.consistent else 0
            color_all = run_frames.color_all if settings.frames else _color_all
            color_all(batch, files, lambda done, total: progress(seen + done, seen + (total or 0)))
            progress(seen + len(files), seen + len(files))
        except KeyboardInterrupt:
            batch.result.interrupted = True
        batch.finish()
    return batch.result


def _color_all(batch: Batch, files: Sequence[tuple[Path, Path]], progress: Progress) -> None:
    for number, (path, target) in enumerate(files):
        progress(number, len(files))
        try:
            batch.color(path, target)
        except Exception as error:  # whatever one picture brings about, the others go on
            batch.result.failures.append((path, error))


class Task(NamedTuple):
    """A picture to colour, the digests of it and of what its results depend on, and these if done."""

    path: Path
    target: Path
    content: str
    made_by: str
    stem: Path
    files: list[Path]


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
        self.run = run_digest(settings, colorizer)
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
        self.table, self.table_digest = run_chapter.NO_TABLE
        self.sheet = SheetPages(out / f"{self.sheet_prefix}{settings.name}", wanted=wanted)

    def task(self, path: Path, target: Path, before: str = "") -> Task:
        """Return what there is to do; before: `made_by` of the frame before, on which it depends too."""
        content = file_digest(path) if path.is_file() else ""  # reading says what is wrong
        known = [self.run, content, sidecars_digest(path), self.table_digest, before]
        made_by = hashlib.sha256(" ".join(filter(None, known)).encode()).hexdigest()
        overwrite = self.settings.overwrite
        stem = self.folder.stem_for(target, self.labels, made_by, overwrite=overwrite)
        files = [] if overwrite else self.folder.finished(stem, made_by)
        return Task(path, target, content, made_by, stem, files)

    def color(self, path: Path, target: Path) -> None:
        """Colour one file, unless that was done before."""
        task = self.task(path, target)
        if task.files:
            self.keep(task)
            return
        start = time.monotonic()
        picture = read_any(path)
        guidance = self.settings.guidance.of(path, picture)
        self.write(task, picture, colorings(self.colorizer, picture, self.options, guidance, self.table))
        self.result.seconds += time.monotonic() - start

    def keep(self, task: Task) -> None:
        """Count what was coloured before."""
        self.result.before += 1
        self.sheet.add(stored_cells(task.path, task.files))
        self.result.files[task.path] = task.files
        self._name_sheet(task)

    def finish(self) -> None:
        """Write the last page of the sheet, and note all pages as results."""
        self.sheet.flush()
        self.result.sheets = self.sheet.pages
        if self.sheet.pages:
            key = f"{quoted(self.sheet.stem.relative_to(self.folder.out))}-sheet"
            record = ResultRecord(key=key, made_by=self.run, files=[])
            self.folder.finish(record, self.sheet.pages)

    def write(self, task: Task, picture: Picture, samples: Iterable[Picture]) -> None:
        """Write the samples of a picture, equal ones once, and add them to the sheet and the records."""
        suffix = suffix_for(picture, self.settings.format)
        check_writable(f"{task.stem.name}{suffix}", *picture.full_size)
        count = int(str(self.options.get("samples", 1)))
        stem = task.stem
        names = [stem.with_name(f"{stem.name}-{number}{suffix}") for number in range(1, count + 1)]
        record = ResultRecord(
            key=quoted(task.stem), made_by=task.made_by, run=self.run, seed=self.result.seed,
            files=[quoted(name) for name in names],
        )  # fmt: skip
        files, cells = self._write_samples(picture, samples, record)
        self.folder.finish(record, files)
        self.record.add(task.path, task.content, task.stem, files, self.options, self.table_digest)
        self.result.done += 1
        self.result.files[task.path] = files
        self.sheet.add([*original_cells(picture, task.path.name), *cells])
        self._name_sheet(task)
        notes = [*picture.notes, *lost_in(names[0].name, picture)]
        if len(files) < count:
            notes.append(f"{count - len(files)} of its {count} samples equal others, and are written once")
        for note in notes:
            self.result.notes.setdefault(note, []).append(task.path)

    def _name_sheet(self, task: Task) -> None:
        """Call the sheet as results are called that needed a longer name."""
        if not self.sheet.pages:
            label = task.stem.name.removeprefix(f"{task.target.stem}-")
            self.sheet.stem = self.folder.out / f"{self.sheet_prefix}{label}"

    def _write_samples(
        self, picture: Picture, samples: Iterable[Picture], record: ResultRecord
    ) -> tuple[list[Path], list[Cell]]:
        """Write samples that differ; return their files, and what the sheet shows of them."""
        files: list[Path] = []
        cells: list[Cell] = []
        digests: set[bytes] = set()
        for number, sample in enumerate(samples, start=1):
            digest = hashlib.sha256(sample.pixels.data).digest()
            if not digests:
                self.folder.begin(record)
            if digest not in digests:
                digests.add(digest)
                files.append(self.folder.out / unquoted(record.files[number - 1]))
                write(files[-1], sample, quality=self.settings.quality, mark=self.record.mark(self.options))
                if number <= SAMPLES:
                    cells.append(sample_cell(sample.rgb, number, len(record.files)))
            del sample  # before the next one is made
            if picture.pixels.nbytes >= LARGE:
                release_free_memory()
        return files, cells


def run_digest(settings: RunSettings, colorizer: Colorizer) -> str:
    """Return the sha256 over all that results depend on besides pictures."""
    info = colorizer.weights_info
    weights = [info.sha256, info.config] if info else []
    known = [settings.name, weights, dict(settings.options), settings.format]
    said = [
        "frames" if settings.frames else "",
        "" if settings.mark else "no mark",
        str(settings.quality or ""),
    ]
    known += filter(None, [settings.guidance.digest, *said, settings.video.given()])
    return hashlib.sha256(json.dumps(known, default=str, sort_keys=True).encode()).hexdigest()


def _label(settings: RunSettings) -> str:
    frames = {"frames": True} if settings.frames else {}
    told = details({**settings.given, **settings.guidance.given(), **frames, **settings.video.given()})
    return f"{settings.name}-{told}" if told else settings.name
