"""Makes the results of a record again, or says what has changed since."""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from colorzoo.core.config import validate
from colorzoo.core.devices import limited_threads
from colorzoo.core.errors import ConfigError, DataError, WeightsError, printable
from colorzoo.core.files import file_digest, require_inside
from colorzoo.core.guidance.chapter_file import read_chapter
from colorzoo.core.guidance.correspondence import Cells
from colorzoo.core.imaging.image_io import Picture, read_any, write
from colorzoo.core.inference.colorize import predict
from colorzoo.core.inference.sequence import predict_sequence
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.dataset import Progress
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.jobs.opening import container_of, container_suffix
from colorzoo.jobs.run_folder import ResultFolder, held
from colorzoo.jobs.run_frames import natural
from colorzoo.jobs.run_guidance import GuidanceRequest
from colorzoo.jobs.run_manifest import Manifest, ManifestRow, unquoted, versions
from colorzoo.jobs.run_one import STREAM, is_one_file
from colorzoo.jobs.run_result import RunResult

Load = Callable[[str, str | None], Colorizer]
"""Returns the colorizer of a name and weights."""


def run_again(
    record: Path,
    out: str,
    load: Load,
    progress: Progress = lambda done, total: None,
    *,
    overwrite: bool = False,
) -> RunResult:
    """Make every result of a record again, below `out`, under its name; what has changed is a failure.

    record: `colorized.jsonl`; its paths are as they were given, relative to the working folder.

    Raises:
        ConfigError: there is nothing in the record, or `out` is no folder.
        DataError: the record is damaged, or another process colours into the folder.
    """
    manifest = Manifest(record)
    total, first = sum(1 for _ in manifest.done()), next(manifest.done(), None)
    if first is None:
        raise ConfigError(f"--again {printable(str(record))}: no record of results; give colorized.jsonl")
    if is_one_file(out):
        raise ConfigError(f"-o {printable(out)}: results of a record go to a folder")
    result, folder = RunResult(total), ResultFolder(Path(out))
    with held(folder.out, first.colorizer, []):
        again = Again(folder, cache(load), record.parent, overwrite=overwrite)
        rows = list(manifest.done())
        progress(0, total)
        for sequence in _sequences(rows):
            left = list(sequence)
            try:
                with limited_threads(left[0].threads):
                    for files in again.make(sequence):
                        result.show(Path(left.pop(0).picture), files)
                        result.done += 1
                        progress(result.settled, total)
            except Exception as error:  # whatever one picture brings about, the others go on
                for path, cause in _failures(left, error):
                    result.fail(path, cause)
        progress(total, total)
    return result


def _sequences(rows: Sequence[ManifestRow]) -> list[list[ManifestRow]]:
    """Return the rows, those of frames of one folder that were made alike together, in their order."""
    together: dict[object, list[ManifestRow]] = {}
    for row in rows:
        said = {name: value for name, value in row.guidance.items() if name != "files"}
        folder = str(Path(row.picture).parent)
        alike = [folder, row.colorizer, row.weights, row.options, said, row.table_sha256]
        together.setdefault(json.dumps(alike) if row.frames else row.key, []).append(row)
    return [sorted(several, key=lambda row: natural(Path(row.picture))) for several in together.values()]


def _failures(rows: Sequence[ManifestRow], error: Exception) -> Iterator[tuple[Path, Exception]]:
    """Yield why rows were not made: the first by an error, the frames after it as they agree with it."""
    first = printable(rows[0].picture)
    yield Path(rows[0].picture), error
    for row in rows[1:]:
        name = printable(row.picture)
        yield Path(row.picture), DataError(f"{name}: agrees with {first}, which was not made")


class Again:
    """An output folder, the colorizers that were loaded for it, and the folder of the record."""

    def __init__(self, folder: ResultFolder, load: Load, source: Path, *, overwrite: bool) -> None:
        self.folder, self.load, self.source, self.overwrite = folder, load, source, overwrite

    def make(self, rows: Sequence[ManifestRow]) -> Iterator[list[Path]]:
        """Write the results of a picture, or of the frames of a sequence, and yield their files.

        Raises:
            ConfigError, DataError, WeightsError: something is gone or differs, or a result is there.
        """
        colorizer, options = self._colorizer(rows[0])
        held: deque[tuple[ManifestRow, Guidance]] = deque()

        def pictures() -> Iterator[tuple[Picture, Guidance]]:
            for row in rows:
                picture, request = Path(row.picture), _checked(row)
                self._free(row)
                shown = read_any(picture)
                held.append((row, request.of(picture, shown)))
                yield shown, held[-1][1]

        alone = (predict(colorizer, shown, options, told) for shown, told in pictures())
        for prediction in predict_sequence(colorizer, pictures(), options) if rows[0].frames else alone:
            row, told = held.popleft()
            yield self._write(row, prediction.pictures(told, self._table(row)))

    def _free(self, row: ManifestRow) -> list[Path]:
        """Return where the results of a row go, which is free unless they may be replaced."""
        files = [require_inside(self.folder.out, self.folder.out / unquoted(name)) for name in row.files]
        if not self.overwrite and (there := next(filter(Path.exists, files), None)):
            raise ConfigError(f"{printable(str(there))}: is there already; --overwrite replaces it")
        return files

    def _write(self, row: ManifestRow, pictures: Iterator[Picture]) -> list[Path]:
        files, samples = self._free(row), list(_distinct(pictures))
        if len(samples) != len(files):
            raise DataError(f"{printable(row.picture)}: gave {len(samples)} results, not {len(files)}")
        made_by = hashlib.sha256(row.model_dump_json(exclude={"made_by", "stamp"}).encode()).hexdigest()
        made = row.model_copy(update={"made_by": made_by, "stamp": [], "versions": versions()})
        self.folder.begin(made)
        for file, sample in zip(files, samples, strict=True):
            write(file, sample, quality=row.quality, mark=row.mark)
        self.folder.manifest.add(made)
        return files

    def _colorizer(self, row: ManifestRow) -> tuple[Colorizer, dict[str, Any]]:
        """Return the colorizer of a row, with the weights of then, and its options."""
        colorizer = self.load(row.colorizer, row.weights)
        digest = colorizer.weights_info.sha256 if colorizer.weights_info else None
        if digest != row.weights_sha256:
            raise WeightsError(
                f"{row.colorizer}: its weights {printable(str(row.weights))} are others than then, sha256 "
                f"{str(digest)[:12]}, expected {str(row.weights_sha256)[:12]}"
            )
        return colorizer, validate(
            colorizer.Options, row.options, f"options of {row.colorizer}"
        ).model_dump()

    def _table(self, row: ManifestRow) -> Cells | None:
        """Return the table that the pages of the run agree on, which is kept beside the record.

        Raises:
            DataError: it is gone.
        """
        if row.table_sha256 is None:
            return None
        for path in sorted(self.source.glob("*.json")):
            if file_digest(path) == row.table_sha256:
                return read_chapter(path)
        raise DataError(f"{printable(str(self.source))}: the chapter's palette.json of then is gone")


def _checked(row: ManifestRow) -> GuidanceRequest:
    """Return what was said of colours, once its files and the picture are those of then.

    Raises:
        ConfigError, DataError: a file is gone or has another content, or one lies beside it that is new.
    """
    if row.picture == STREAM:
        raise DataError("-: came by standard input, which no record keeps")
    if container_suffix(row.picture) and container_of(Path(row.picture)):
        raise DataError(
            f"{printable(row.picture)}: a book; colour it again by the same command and --overwrite"
        )
    said = {name: value for name, value in row.guidance.items() if name != "files"}
    request = validate(GuidanceRequest, said, "guidance")
    expected = {row.picture: row.picture_sha256, **row.guidance.get("files", {})}
    for name, digest in expected.items():
        if not Path(name).is_file():
            raise DataError(f"{printable(name)}: no such file; paths are relative to where the run was")
        if file_digest(Path(name)) != digest:
            raise DataError(f"{printable(name)}: has another content than then, expected {digest[:12]}")
    for name in request.record(Path(row.picture)).get("files", {}):
        if name not in expected:
            raise DataError(f"{printable(name)}: was not there then; move it away")
    return request.checked()


def _distinct(samples: Iterator[Picture]) -> Iterator[Picture]:
    """Yield samples that differ, as a run writes equal ones once."""
    seen: set[bytes] = set()
    for sample in samples:
        digest = hashlib.sha256(sample.pixels.data).digest()
        if digest not in seen:
            seen.add(digest)
            yield sample
