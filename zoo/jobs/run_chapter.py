"""Pages that agree: the table of a run, made once and kept as `palette.json` beside the results."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor

from colorzoo.core.errors import ImageError
from colorzoo.core.files import file_digest
from colorzoo.core.guidance.chapter import palette_of_table, table_of_pages
from colorzoo.core.guidance.chapter_file import read_chapter, write_chapter
from colorzoo.core.guidance.correspondence import Cells
from colorzoo.core.imaging import color
from colorzoo.core.imaging.image_io import Picture, read_any
from colorzoo.core.inference.colorize import predict
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.dataset import Progress
from colorzoo.jobs.run_folder import ResultFolder
from colorzoo.jobs.run_guidance import GuidanceRequest
from colorzoo.jobs.run_manifest import ManifestRow, quoted

if TYPE_CHECKING:
    from colorzoo.jobs.run_batch import Batch

Files = Sequence[tuple[Path, Path]]


def agree(batch: Batch, files: Files, progress: Progress, pages: Iterable[Picture] | None = None) -> int:
    """Give a batch the table of its run: of another chapter, of references, or of its own pages.

    It is made once, and read by the same call later. pages: of a book, whose file is all of `files`.
    Returns how many pages were looked at for it.
    """
    made_by = _made_by(batch, files)
    path = _path(batch.folder, made_by, overwrite=batch.settings.overwrite)
    row = ManifestRow(
        key=quoted(Path(path.stem)), made_by=made_by, run=batch.run, files=[quoted(Path(path.name))],
        options={"seed": batch.result.seed},
    )  # fmt: skip
    seen = 0
    if batch.settings.overwrite or not batch.folder.finished(row.key, made_by):
        total = 2 * len(files) if pages is None else 0
        pictures = _pictures(files) if pages is None else pages
        table, seen = new_table(
            batch.colorizer, batch.options, batch.settings.guidance, pictures, lambda n: progress(n, total)
        )
        if table is None:
            return seen
        batch.folder.begin(row)
        write_chapter(path, table, palette_of_table(table))
        batch.folder.manifest.add(row, sync=True)
    batch.table, batch.table_digest = read_chapter(path), file_digest(path)
    return seen


def new_table(
    colorizer: Colorizer,
    options: Mapping[str, object],
    guidance: GuidanceRequest,
    pages: Iterable[Picture | None],
    progress: Callable[[int], None],
) -> tuple[Cells | None, int]:
    """Return the table of another chapter, of references, or of pages as they are coloured alone.

    Returns also how many pages were looked at for it. The table is None if there are no pages.
    """
    if guidance.chapter is not None:
        return guidance.chapter, 0
    if guidance.pictures:
        return table_of_pages((color.luma(one), color.chroma(one)) for one in guidance.pictures), 0
    common = guidance.common.without(frozenset({"hints"}))  # which are of single pages
    seen = 0

    def planes() -> Iterator[tuple[Tensor, Tensor]]:
        nonlocal seen
        for seen, picture in enumerate(pages, start=1):
            progress(seen - 1)
            with suppress(Exception):  # the second look tells what fails
                if picture is not None:
                    yield predict(colorizer, picture, options, common).page(common)

    looked_at = planes()
    first = next(looked_at, None)
    return (table_of_pages(chain([first], looked_at)) if first else None), seen


def _pictures(files: Files) -> Iterator[Picture | None]:
    for path, _ in files:
        try:
            yield read_any(path)
        except ImageError:
            yield None


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
        path, known = folder.out / f"{stem}.json", folder.manifest.known.get(stem)
        if overwrite or not path.exists() or (known and known.made_by.hex() == made_by):
            return path
        number += 1
