"""Colours books and animations: into a folder, under names of their own, or one into one file."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path

from colorzoo.core.errors import ConfigError, DataError, printable
from colorzoo.core.files import atomic_write, file_digest
from colorzoo.core.guidance.chapter import palette_of_table
from colorzoo.core.guidance.chapter_file import read_chapter, write_chapter
from colorzoo.core.guidance.correspondence import Cells
from colorzoo.core.inference.memory import hand_back_large_blocks
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.container import Container, VideoOptions
from colorzoo.core.interfaces.dataset import Progress
from colorzoo.jobs import run_chapter
from colorzoo.jobs.book_pages import PageSettings, page_pictures, work_folder, write_book
from colorzoo.jobs.film_frames import require_film
from colorzoo.jobs.opening import container_suffix, opened, result_suffix
from colorzoo.jobs.run_batch import Batch
from colorzoo.jobs.run_folder import ResultFolder, held
from colorzoo.jobs.run_guidance import GuidanceRequest
from colorzoo.jobs.run_manifest import ManifestRow, quoted, unquoted
from colorzoo.jobs.run_result import PageCounts, RunResult, failure_line
from colorzoo.jobs.run_settings import RunSettings, provenance, run_digest


def run_books(
    colorizer: Colorizer,
    books: Sequence[tuple[Path, Path]],
    out: Path,
    settings: RunSettings,
    progress: Progress = lambda done, total: None,
    *,
    recolor: bool = False,
) -> RunResult:
    """Colour books into a folder; one that fails does not stop the others, Ctrl-C ends early.

    The same call goes on where one was interrupted, page by page.

    books: files and where their results go below `out`, from `colorzoo.jobs.inputs.gather`. recolor:
    colour also the pages that have colour already.

    Raises:
        ConfigError: several samples. DataError: another process colours into the same folder.
    """
    _require_one_sample(settings)
    hand_back_large_blocks()
    given = {**settings.given, "recolor": True} if recolor else settings.given
    settings = replace(settings, format=None, sheet=False, given=given)
    with held(out, settings.name, books):
        total = count_pages(books, settings.video)
        shelf = Shelf(Batch(colorizer, ResultFolder(out), settings, books), recolor, progress, total)
        for path, target in books:
            try:
                shelf.color(path, target)
            except KeyboardInterrupt:
                shelf.result.interrupted = True
                break
            except Exception as error:  # whatever one book brings about, the others go on
                shelf.result.fail(path, error)
    return shelf.result


class Shelf:
    """The books of one run, and how many of their pages are done."""

    def __init__(self, batch: Batch, recolor: bool, progress: Progress, total: int) -> None:
        self.batch, self.recolor, self.progress, self.total = batch, recolor, progress, total
        self.result, self.seen = batch.result, 0

    def color(self, path: Path, target: Path) -> None:
        """Colour one book, unless that was done before."""
        with opened(path) as book:
            require_pages(book, self.batch.settings, self.recolor)
            self._agree(book, path, target)
            row = self._row(book, path, target)
            name = unquoted(row.key)
            if not self.batch.settings.overwrite and self.batch.folder.finished(row.key, row.made_by):
                self.result.before += 1
                self.result.show(path, [self.batch.folder.out / name])
            else:
                self._write(book, path, row)
            self.seen += book.page_count or 0

    def _agree(self, book: Container, path: Path, target: Path) -> None:
        """Let the pages of a book agree on their colours, if that is asked for."""
        batch = self.batch
        batch.table, batch.table_digest = None, ""
        if batch.settings.guidance.consistent:
            pages = page_pictures(book, self.recolor)
            self.seen += run_chapter.agree(batch, [(path, target)], self._told, pages)

    def _row(self, book: Container, path: Path, target: Path) -> ManifestRow:
        """Return the row of a book under the first name that is its own or free."""
        batch, content = self.batch, file_digest(path)
        known = [batch.run, content, batch.table_digest, "recolor" if self.recolor else ""]
        made_by = hashlib.sha256(" ".join(filter(None, known)).encode()).hexdigest()
        name = self._name(target, result_suffix(path, type(book)), made_by)
        return ManifestRow(
            key=quoted(name), picture=batch.named(path), picture_sha256=content, made_by=made_by,
            run=batch.run, files=[quoted(name)], guidance=batch.settings.guidance.record(path),
            table_sha256=batch.table_digest or None,
            **provenance(batch.colorizer, batch.settings, batch.options, None),
        )  # fmt: skip

    def _name(self, target: Path, ending: str, made_by: str) -> Path:
        batch, folder = self.batch, self.batch.folder
        stem = target.name[: len(target.name) - len(container_suffix(target.name))]
        for label in chain(batch.labels, (f"{batch.labels[-1]}~{number}" for number in range(2, 10_000))):
            name = target.with_name(f"{stem}-{label}{ending}")
            known = folder.manifest.known.get(quoted(name))
            free = not (folder.out / name).exists() or (known is not None and known.status != "done")
            if batch.settings.overwrite or free or (known and known.made_by.hex() == made_by):
                return name
        raise DataError(f"{printable(str(folder.out))}: ten thousand results of {stem}; clear it")

    def _write(self, book: Container, path: Path, row: ManifestRow) -> None:
        batch, counts, start = self.batch, PageCounts(), time.monotonic()
        file = batch.folder.out / unquoted(row.key)
        batch.folder.begin(row)  # with the seed, for the run that goes on after this one
        pages = PageSettings(
            batch.colorizer, f"{batch.run} {self.result.seed} {batch.table_digest}", batch.options,
            batch.settings.guidance, batch.table, self.recolor, batch.settings.frames,
        )  # fmt: skip
        self.result.pages[path] = counts
        with work_folder(file) as folder:
            try:
                write_book(book, file, pages, counts, folder, self._told)
            except Exception as error:
                failed = {"status": "failed", "files": [], "error": failure_line(path, error)}
                batch.folder.manifest.add(row.model_copy(update=failed))
                raise
            seconds = round(time.monotonic() - start, 4)
            batch.folder.manifest.add(row.model_copy(update={"seconds": seconds}), sync=True)
        self.result.note(path, book.notes)
        self.result.done += 1
        self.result.show(path, [file])
        self.result.seconds += counts.seconds

    def _told(self, done: int, total: int) -> None:
        self.progress(self.seen + done, max(self.total, self.seen + done))


def run_one_book(
    colorizer: Colorizer,
    book: Container,
    target: Path,
    settings: RunSettings,
    progress: Progress = lambda done, total: None,
    *,
    recolor: bool = False,
) -> RunResult:
    """Colour one book into one file; the same call goes on where one was interrupted.

    Raises:
        ConfigError: several samples. ColorzooError: of the book or the colorizer.
    """
    _require_one_sample(settings)
    require_pages(book, settings, recolor)
    hand_back_large_blocks()
    settings, result, counts = replace(settings, format=None), RunResult(1), PageCounts()
    run = run_digest(settings, colorizer)
    result.pages[book.path] = counts
    with work_folder(target) as folder:
        result.seed = _seed(settings, folder / run[:40])
        options = {**settings.options, "seed": result.seed}
        try:
            table, digest = _table_in(folder, book, colorizer, options, settings.guidance, recolor=recolor)
            pages = PageSettings(
                colorizer, run + digest, options, settings.guidance, table, recolor, settings.frames
            )
            write_book(book, target, pages, counts, folder, progress)
        except KeyboardInterrupt:
            result.interrupted = True
            return result
    result.done, result.seconds, result.files[book.path] = 1, counts.seconds, [target]
    result.note(book.path, book.notes)
    return result


def count_pages(books: Sequence[tuple[Path, Path]], video: VideoOptions) -> int:
    """Return how many pages books have, of a video its part; of one that cannot be counted, none."""
    total = 0
    for path, _ in books:
        with suppress(Exception), opened(path) as book:
            book.configure(video)
            total += book.page_count or 0
    return total


def require_pages(book: Container, settings: RunSettings, recolor: bool) -> None:
    """Check that a book has pages, as far as that is known, and that it can be what it is asked to be.

    Raises:
        ConfigError: what is asked does not fit. DataError: it has no pages, or as a film colour already.
    """
    book.configure(settings.video)
    if book.page_count == 0:
        raise DataError(f"{printable(str(book.path))}: no pictures in it")
    if book.sequence:
        require_film(book, recolor, settings.guidance.consistent)


def _require_one_sample(settings: RunSettings) -> None:
    samples = int(str(settings.options.get("samples", 1)))
    if samples > 1:
        raise ConfigError(f"--samples {samples}: a book holds one colouring of each page; leave it out")


def _table_in(
    folder: Path,
    book: Container,
    colorizer: Colorizer,
    options: Mapping[str, object],
    guidance: GuidanceRequest,
    *,
    recolor: bool,
) -> tuple[Cells | None, str]:
    """Return the table of a book, if its pages are to agree, kept in its work folder; and its digest."""
    file = folder / "palette.json"
    if guidance.consistent and not file.exists():
        pages = page_pictures(book, recolor)
        table, _ = run_chapter.new_table(colorizer, options, guidance, pages, lambda seen: None)
        if table is not None:
            write_chapter(file, table, palette_of_table(table))
    return (read_chapter(file), file_digest(file)) if file.exists() else (None, "")


def _seed(settings: RunSettings, file: Path) -> int:
    """Return the seed that is asked for, else that of a run that was interrupted, else a new one."""
    seed = settings.options.get("seed")
    if seed is None and file.exists() and file.read_text().isdecimal():
        seed = file.read_text()
    seed = secrets.randbelow(2**31) if seed is None else int(str(seed))
    with atomic_write(file) as out:
        out.write(str(seed).encode())
    return seed
