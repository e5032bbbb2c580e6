"""Pages that agree: the table of a run, made once and kept as `palette.json` beside the results."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from colorzoo.core.files import file_digest
from colorzoo.core.guidance.chapter import palette_of_table, table_of_pages
from colorzoo.core.guidance.chapter_file import read_chapter, write_chapter
from colorzoo.core.guidance.correspondence import Cells
from colorzoo.core.imaging import color
from colorzoo.core.imaging.image_io import read
from colorzoo.core.inference.colorize import predict
from colorzoo.core.interfaces.dataset import Progress
from colorzoo.jobs.run_folder import ResultFolder, ResultRecord, quoted

if TYPE_CHECKING:
    from colorzoo.jobs.run import Batch

Files = Sequence[tuple[Path, Path]]
NO_TABLE: tuple[Cells | None, str] = None, ""


def agree(batch: Batch, files: Files, progress: Progress) -> int:
    """Give a batch the table of its run: of another chapter, of references, or of its own pages.

    It is made once, and read by the same call later. Returns how many pages were looked at for it.
    """
    made_by = _made_by(batch, files)
    path = _path(batch.folder, made_by, overwrite=batch.settings.overwrite)
    record = ResultRecord(
        key=quoted(Path(path.stem)), made_by=made_by, run=batch.run, seed=batch.result.seed,
        files=[quoted(Path(path.name))],
    )  # fmt: skip
    seen = 0
    if batch.settings.overwrite or not batch.folder.finished(Path(path.stem), made_by):
        guidance = batch.settings.guidance
        table = guidance.chapter
        if table is None and guidance.pictures:
            table = table_of_pages((color.luma(one), color.chroma(one)) for one in guidance.pictures)
        elif table is None:
            table, seen = _table_of(_pages(batch, files, progress)), len(files)
        if table is None:
            return seen
        batch.folder.begin(record)
        write_chapter(path, table, palette_of_table(table))
        batch.folder.finish(record, [path])
    batch.table, batch.table_digest = read_chapter(path), file_digest(path)
    return seen


def _table_of(pages: Iterator[tuple[Tensor, Tensor]]) -> Cells | None:
    first = next(pages, None)
    return table_of_pages(chain([first], pages)) if first else None


def _pages(batch: Batch, files: Files, progress: Progress) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield luma and chroma of the pages as they are coloured alone; the second look tells what fails."""
    guidance = batch.settings.guidance.common.without(frozenset({"hints"}))  # which are of single pages
    for number, (path, _) in enumerate(files):
        progress(number, 2 * len(files))
        try:
            yield predict(batch.colorizer, read(path), batch.options, guidance).page(guidance)
        except Exception:
            continue


def _made_by(batch: Batch, files: Files) -> str:
    given = batch.settings.guidance.chapter is not None or batch.settings.guidance.pictures
    contents = [] if given else [file_digest(path) for path, _ in files if path.is_file()]
    known = ["palette", batch.run, str(batch.result.seed), *contents]
    return hashlib.sha256("\n".join(known).encode()).hexdigest()


def _path(folder: ResultFolder, made_by: str, *, overwrite: bool) -> Path:
    """Return where the table is, or may be written: beside those of other pages and options."""
    number = 1
    while True:
        stem = f"palette~{number}" if number > 1 else "palette"
        path, record = folder.out / f"{stem}.json", folder.journal.records.get(stem)
        if overwrite or not path.exists() or (record and record.made_by == made_by):
            return path
        number += 1
