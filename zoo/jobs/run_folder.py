"""The folder that a run writes to: what is in it, of which options, and what is left to do.

    photo-vae-mdn-1.png            the first sample of photo.jpg; its subfolder is that of the input
    photo-vae-mdn-sheet.png        the contact sheet of one picture; vae-mdn-sheet.png of several
    colorized.jsonl                the manifest: what became of each picture, and the pages of each sheet

Results of other options are never replaced: they keep their name, new ones get a longer one. Names in the
manifest are quoted as in addresses, for a file may be called anything.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel

from colorzoo.core.errors import DataError, printable
from colorzoo.core.files import require_inside
from colorzoo.core.jobs.journal import stored
from colorzoo.jobs.run_manifest import MANIFEST, Known, Manifest, ManifestRow, unquoted

LOCK = ".colorzoo-run.lock"
UNFIT = re.compile(r"[^\w.=+-]+")
LONGEST_DETAILS = 60
"""Characters that options may add to a name; file systems bound names at 255 bytes."""


class ResultFolder:
    """The manifest of an output folder, and the files that it names."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.manifest = Manifest(out / MANIFEST)

    def key_for(
        self, stem: str, labels: Sequence[str], made_by: str, names: Sequence[str], *, overwrite: bool
    ) -> str:
        """Return what results of a picture are called: as equal ones are, else the first name that is free.

        stem: where the picture's results go, relative to the folder. labels: what may follow it; both
        quoted. names: what follows those in the names of files.
        """
        for key in _keys(stem, labels):
            if overwrite or self._is_free(key, made_by, names):
                return key
        raise DataError(f"{printable(str(self.out))}: ten thousand results of {stem}; clear it")

    def rows_of(self, stem: str, labels: Sequence[str]) -> Iterator[Known]:
        """Yield what is known of the results that a picture may have."""
        for number, key in enumerate(_keys(stem, labels), start=1):
            if known := self.manifest.known.get(key):
                yield known
            elif number > len(labels):
                return

    def finished(self, key: str, made_by: str) -> list[Path]:
        """Return the files of equal results if all are there."""
        known = self.manifest.known.get(key)
        if known is None or known.status != "done" or known.made_by.hex() != made_by:
            return []
        files = self._files(known.files)
        return files if all(map(self.holds, files)) else []

    def begin(self, *rows: ManifestRow) -> None:
        """Delete what the keys of rows stood for, and note what is going to be written."""
        for row in rows:
            if old := self.manifest.known.get(row.key):
                for file in self._files(old.files):
                    self.delete(require_inside(self.out, file))
        self.manifest.add(*(row.model_copy(update={"status": "begun"}) for row in rows))

    def has(self, file: Path) -> bool:
        """Return whether there is a result of that path."""
        with suppress(OSError):  # too long a name: writing says so
            return file.is_file()
        return False

    def holds(self, file: Path) -> bool:
        """Return whether a result is there; an empty file is none, but what a power failure has left."""
        with suppress(OSError):
            return file.stat().st_size > 0
        return False

    def delete(self, file: Path) -> None:
        """Delete a result, if it is there."""
        file.unlink(missing_ok=True)

    def _files(self, names: str) -> list[Path]:
        return [self.out / unquoted(name) for name in names.split("\n") if name]

    def _is_free(self, key: str, made_by: str, names: Sequence[str]) -> bool:
        """Return whether results may go by that name: no others do, or only what a kill has left."""
        known = self.manifest.known.get(key)
        if known is not None and (known.status != "done" or known.made_by.hex() == made_by):
            return True
        others = self._files(known.files) if known else []
        others += [self.out / f"{unquoted(key)}{name}" for name in names]
        return not any(map(self.has, others))


def _keys(stem: str, labels: Sequence[str]) -> Iterator[str]:
    """Yield what results of a picture may be called; texts, since paths take long where all is done."""
    for label in labels:
        yield f"{stem}-{label}"
    yield from (f"{stem}-{labels[-1]}~{number}" for number in range(2, 10_000))


def details(given: Mapping[str, object]) -> str:
    """Return options as a part of a file name: `photos-samples=5`."""
    weights = Path(str(given["weights"])).name if given.get("weights") else ""
    pairs = [f"{name}={value}" for name, value in given.items() if name != "weights"]
    text = "-".join(filter(None, [weights, *pairs]))
    return UNFIT.sub("_", text)[:LONGEST_DETAILS]


class _Named(BaseModel):
    """What of a row says which files are results."""

    files: list[str] = []


def results_near(folder: Path) -> set[str]:
    """Return the paths of results of runs below a folder, as the manifests below and above it say.

    A manifest that cannot be read names nothing.
    """
    results: set[str] = set()
    root = folder.resolve()
    above = [parent / MANIFEST for parent in root.parents]
    below = [Path(name, MANIFEST) for name, _, files in os.walk(root) if MANIFEST in files]
    for path in [*below, *(path for path in above if path.is_file())]:
        with suppress(DataError, OSError):
            names = [name for _, row in stored(path, _Named) for name in row.files]
            results |= {f"{path.parent}{os.sep}{unquoted(name)}" for name in names}
    return results


@contextmanager
def held(out: Path, name: str, files: Sequence[tuple[Path, Path]]) -> Iterator[None]:
    """Hold the output folder, swept of what a killed run left half-written.

    Raises:
        DataError: another process colours into it.
    """
    new = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    lock = out / LOCK
    try:
        with FileLock(lock, timeout=0):
            sweep(out, name, files)
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


def sweep(out: Path, name: str, files: Sequence[tuple[Path, Path]]) -> None:
    """Delete half-written results, and only those: the folder may be anybody's."""
    half = re.compile(
        rf"\..*({re.escape(name)}[^/]*-(\d+|sheet)|{MANIFEST})\.?\w*\.\w{{8}}\.part", re.DOTALL
    )
    for folder in {out, *(out / target.parent for _, target in files)}:
        for path in folder.glob(".*.part"):
            if half.fullmatch(path.name):
                path.unlink(missing_ok=True)
