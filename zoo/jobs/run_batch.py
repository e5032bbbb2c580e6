"""The pictures of one run: what is left to do, and the books about what became of them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path

from colorzoo.core.errors import ColorzooError, DataError
from colorzoo.core.files import SYNCS_FILE_SYSTEMS
from colorzoo.core.guidance.correspondence import Cells
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.jobs.interruption import held_back
from colorzoo.jobs.run_folder import ResultFolder
from colorzoo.jobs.run_guidance import sidecars
from colorzoo.jobs.run_manifest import Known, ManifestRow, packed, quoted, unquoted
from colorzoo.jobs.run_picture import Content, Outcome, PictureWork, Task, content_of, stamps_of
from colorzoo.jobs.run_result import RunResult
from colorzoo.jobs.run_settings import RunSettings, label, mark_of, provenance, run_digest
from colorzoo.jobs.run_sheet import ROWS, SheetPages, stored_cells

FEW = 16
"""Pictures whose results are put on the disk one by one."""
Files = Sequence[tuple[Path, Path]]


class Batch:
    """The pictures of one run, and what became of them so far."""

    def __init__(
        self, colorizer: Colorizer, folder: ResultFolder, settings: RunSettings, files: Files
    ) -> None:
        self.colorizer, self.settings, self.folder = colorizer, settings, folder
        self.run = run_digest(settings, colorizer)
        self.labels = list(dict.fromkeys([settings.name, label(settings)]))
        self._quoted_labels = [quoted(text) for text in self.labels]
        seed = settings.options.get("seed")
        if seed is None and not settings.overwrite:
            seed = self.folder.manifest.seeds.get(self.run)
        seed = secrets.randbelow(2**31) if seed is None else seed
        self.options = {**settings.options, "seed": seed}
        self.result = RunResult(len(files), seed=int(str(seed)), manifest=self.folder.manifest.path)
        wanted = len(files) <= ROWS if settings.sheet is None else settings.sheet
        self.sheet_prefix = f"{files[0][1].stem}-" if len(files) == 1 else ""
        self.sheet = SheetPages(
            folder.out / f"{self.sheet_prefix}{settings.name}", len(files), wanted=wanted
        )
        self.table: Cells | None = None
        self.table_digest = ""
        self.threads: int | None = None
        self.total = len(files)

    @property
    def manifest_syncs(self) -> bool:
        """Whether results are put on the disk together: one by one takes as long as colouring."""
        return SYNCS_FILE_SYSTEMS and self.total > FEW

    @cached_property
    def work(self) -> PictureWork:
        """What colours the pictures; the table of pages that agree is known by then."""
        return PictureWork(
            self.colorizer, self.folder.out, self.options, self.settings.format, self.settings.guidance,
            self.table, self.sheet.wanted, self.settings.quality,
            mark_of(self.colorizer, self.settings, self.options), sync=not self.manifest_syncs,
        )  # fmt: skip

    @cached_property
    def _endings(self) -> list[str]:
        return self.work.endings

    def undone(self, files: Files) -> Iterator[Task]:
        """Yield what there is to do, and settle what is done or failed before."""
        for index, (path, target) in enumerate(files):
            try:
                task = self.task(index, path, target)
            except (OSError, ColorzooError) as error:
                self.result.fail(path, error)
                self.sheet.add(index, ())
                continue
            if task.files or task.failed:
                self.keep(task)
            else:
                yield task

    def task(self, index: int, path: Path, target: Path, before: str | None = None) -> Task:
        """Return what there is to do; before: `made_by` of the frame before, on which it depends too."""
        text = target.as_posix()
        stem = quoted(text[: len(text) - len(target.suffix)])
        content = self._content(path, stem)
        if content is None and before is not None:
            content = self.content(path)
        made_by = "" if content is None else self.made_by(content, before or "")
        overwrite = self.settings.overwrite
        key = self.folder.key_for(stem, self._quoted_labels, made_by, self._endings, overwrite=overwrite)
        known = self.folder.manifest.known.get(key)
        files = () if overwrite or not made_by else tuple(self.folder.finished(key, made_by))
        if index == 0:
            label = unquoted(key).name.removeprefix(f"{target.stem}-")
            self.sheet.stem = self.folder.out / f"{self.sheet_prefix}{label}"
        failed = not overwrite and self._is_given_up(known, made_by)
        if (
            files and content and known and known.stamp != packed(content.stamp)
        ):  # it was copied, or touched
            row = self.folder.manifest.row(key)
            self.folder.manifest.add(row.model_copy(update={"stamp": list(content.stamp)}))
        return Task(index, path, target, key, content, before or "", made_by, files, failed)

    def stamps(self, path: Path) -> tuple[int, ...]:
        """Return what changes when a picture, or a file of hints beside it, does."""
        return stamps_of([path, *sidecars(path)])

    def content(self, path: Path) -> Content:
        """Read a picture and the files of hints beside it for their digests."""
        return content_of(path)

    def named(self, path: Path) -> str:
        """Return what the manifest calls a picture."""
        return str(path)

    def made_by(self, content: Content, before: str = "") -> str:
        """Return the sha256 over all that results of a picture depend on."""
        known = [self.run, str(content), self.table_digest, before]
        return hashlib.sha256(" ".join(filter(None, known)).encode()).hexdigest()

    def keep(self, task: Task) -> None:
        """Count what was settled before."""
        if task.failed:
            self.result.passed_by += 1
            row = self.folder.manifest.row(task.key)
            self.result.fail(task.path, ColorzooError(row.error))
            self.sheet.add(task.number, ())
            return
        self.result.before += 1
        self.result.show(task.path, list(task.files))
        if self.sheet.wanted:
            self.sheet.add(task.number, stored_cells(task.path, list(task.files)))

    def begin(self, tasks: Iterable[Task]) -> Iterator[Task]:
        """Yield tasks, each noted as begun."""
        for task in tasks:
            self.folder.begin(self._begun(task))
            yield task

    def settle(self, task: Task, outcome: Outcome) -> None:
        """Note what became of a picture.

        Raises:
            DataError: the disk is full; nothing else can be written either.
        """
        row = self._row(task, outcome)
        if outcome.full:
            raise DataError(f"{outcome.error}; what is done stays, the same command goes on")
        with held_back():
            self.folder.manifest.add(row)
            self.sheet.add(task.number, outcome.cells)
            if outcome.error:
                self.result.fail(task.path, outcome.cause or ColorzooError(outcome.error))
            else:
                self.result.add(task.path, outcome)

    def finish(self) -> None:
        """Write the last page of the sheet, note all pages as results, and tidy the manifest.

        Of one picture that failed nothing is left.
        """
        self.sheet.flush()
        if self.manifest_syncs:
            self.folder.manifest.sync()
        self.result.sheets = sorted(self.sheet.pages, key=lambda page: (len(page.name), page))
        out, manifest = self.folder.out, self.folder.manifest
        if self.sheet.pages:
            names = [quoted(page.relative_to(out)) for page in self.result.sheets]
            key = f"{quoted(self.sheet.stem.relative_to(out))}-sheet"
            row = ManifestRow(key=key, made_by=self.run, run=self.run, files=names)
            if key not in manifest.known or manifest.known[key] != Known.of(row, manifest.known[key].start):
                manifest.add(row, sync=True)
        if self.total == 1 and self.result.failed:
            manifest.forget()
        else:
            manifest.tidy()

    def _content(self, path: Path, stem: str) -> Content | None:
        """Return the digests of a picture: those of the manifest, read again where its files have changed.

        None where nothing is known of a picture of that name: it is read when it is coloured.
        """
        stamp: tuple[int, ...] = ()
        read = False
        for known in self.folder.rows_of(stem, self._quoted_labels):
            if not known.content:
                continue
            with suppress(OSError):
                stamp = stamp or self.stamps(path)
            if stamp and known.stamp == packed(stamp):
                digests = [known.content[at : at + 32].hex() for at in range(0, len(known.content), 32)]
                return Content(digests[0], tuple(digests[1:]), stamp)
            read = True
        return self.content(path) if read else None

    def _is_given_up(self, known: Known | None, made_by: str) -> bool:
        """Return whether a picture failed for good, as far as is known, in a run of several."""
        if known is None or known.status != "failed" or not known.lasting or self.total == 1:
            return False
        return not self.settings.retry_failed and known.made_by.hex() == made_by

    def _begun(self, task: Task) -> ManifestRow:
        """Return the row of a picture that is begun, with all names that its samples may get."""
        files = [f"{task.key}{ending}" for ending in self._endings]  # which are quoted as they are
        return ManifestRow(key=task.key, picture=_text(self.named(task.path)), files=files)

    def _row(self, task: Task, outcome: Outcome) -> ManifestRow:
        out, content = self.folder.out, outcome.content
        return ManifestRow(
            key=task.key, status="failed" if outcome.error else "done",
            picture=_text(self.named(task.path)), picture_sha256=content.picture,
            beside_sha256=list(content.beside), stamp=list(content.stamp),
            made_by=self.made_by(content, task.before), run=self.run,
            files=[quoted(file.relative_to(out)) for file in outcome.files],
            error=outcome.error, lasting=outcome.lasting, seconds=round(outcome.seconds, 4),
            megapixels=round(outcome.megapixels, 6), **self._provenance,
            guidance=self.settings.guidance.record(task.path),
        )  # fmt: skip

    @cached_property
    def _provenance(self) -> dict[str, object]:
        """What is true of all pictures of the run."""
        return provenance(self.colorizer, self.settings, self.options, self.threads) | {
            "table_sha256": self.table_digest or None
        }


def _text(path: str) -> str:
    """Return a path as text that UTF-8 holds."""
    return path.encode(errors="backslashreplace").decode()
