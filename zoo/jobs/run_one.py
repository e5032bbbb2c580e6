"""Colours one picture or book into one file, or from and to the standard streams."""

from __future__ import annotations

import secrets
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from colorzoo.core.errors import ConfigError, printable
from colorzoo.core.files import file_digest
from colorzoo.core.imaging.image_io import (
    READABLE,
    SUFFIXES,
    check_writable,
    encode,
    lost_in,
    read_any,
    suffix_for,
    write,
)  # fmt: skip
from colorzoo.core.inference.colorize import colorize
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.container import Container
from colorzoo.core.interfaces.dataset import Progress
from colorzoo.jobs.opening import any_container_of, container_of, container_suffix, result_suffixes
from colorzoo.jobs.run_books import run_one_book
from colorzoo.jobs.run_manifest import MANIFEST, Manifest, ManifestRow, quoted
from colorzoo.jobs.run_result import RunResult
from colorzoo.jobs.run_settings import RunSettings, mark_of, provenance

STREAM = "-"


def is_one_file(out: str) -> bool:
    """Return whether an output is a file or the standard output, not a folder."""
    is_file = Path(out).suffix.lower() in SUFFIXES or container_suffix(out)
    return out == STREAM or bool(is_file and not Path(out).is_dir())


def check(inputs: Sequence[str], out: str, samples: int, *, overwrite: bool) -> None:
    """Check that one picture can go to one file.

    Raises:
        ConfigError: several pictures or samples, a folder, or a file that is there already.
    """
    if len(inputs) != 1 or Path(inputs[0]).is_dir():
        raise ConfigError(f"-o {printable(out)}: one file holds one picture; give a folder for several")
    if samples > 1:
        raise ConfigError(f"-o {printable(out)}: one file holds one of {samples} samples; give a folder")
    if out != STREAM and Path(out).exists() and not overwrite:
        raise ConfigError(f"{printable(out)}: is there already; --overwrite replaces it")


def run_one(
    colorizer: Colorizer,
    source: str,
    out: str,
    settings: RunSettings,
    progress: Progress = lambda done, total: None,
    *,
    recolor: bool = False,
) -> RunResult:
    """Colour a picture or a book, - for standard input, into a file, - for standard output.

    The file gets a line in the record beside it.

    Raises:
        ConfigError: the file is not what a book is written as.
        DataError, ImageError: it cannot be read or written.
        PluginError: the colorizer failed.
    """
    with _local(source) as path:
        if book := _book(path, source, out):
            with book:
                return _colored_book(colorizer, book, source, out, settings, progress, recolor=recolor)
        return _colored_picture(colorizer, path, source, out, settings)


def _colored_picture(
    colorizer: Colorizer, path: Path, source: str, out: str, settings: RunSettings
) -> RunResult:
    start = time.monotonic()
    picture = read_any(path, name="standard input" if source == STREAM else source)
    seed = settings.options["seed"]
    options = {**settings.options, "seed": secrets.randbelow(2**31) if seed is None else seed}
    guidance = settings.guidance.of(None if source == STREAM else path, picture)
    file = Path(f"colored{suffix_for(picture, settings.format)}" if out == STREAM else out)
    check_writable(file.name, *picture.full_size)
    (colored,) = colorize(colorizer, picture, options, guidance)
    mark = mark_of(colorizer, settings, options)
    if out == STREAM:
        sys.stdout.buffer.write(encode(colored, file.suffix, quality=settings.quality, mark=mark))
        sys.stdout.buffer.flush()
    else:
        manifest = Manifest(file.with_name(MANIFEST))
        write(out, colored, quality=settings.quality, mark=mark)
        manifest.add(_row(colorizer, path, source, file, settings, options), sync=True)
    result = RunResult(1, done=1, seconds=time.monotonic() - start, files={Path(source): [Path(out)]})
    result.seed = int(str(options["seed"]))
    result.notes = {note: (1, Path(source)) for note in (*picture.notes, *lost_in(file.name, picture))}
    return result


def _colored_book(
    colorizer: Colorizer,
    book: Container,
    source: str,
    out: str,
    settings: RunSettings,
    progress: Progress,
    *,
    recolor: bool,
) -> RunResult:
    if out == STREAM:
        with TemporaryDirectory() as folder:
            target = Path(folder, "book")
            result = run_one_book(colorizer, book, target, settings, progress, recolor=recolor)
            if result.done:
                with target.open("rb") as file:
                    shutil.copyfileobj(file, sys.stdout.buffer)
                sys.stdout.buffer.flush()
    else:
        target = Path(out)
        manifest = Manifest(target.with_name(MANIFEST))
        result = run_one_book(colorizer, book, target, settings, progress, recolor=recolor)
        if result.done:
            options = {**settings.options, "seed": result.seed}
            manifest.add(_row(colorizer, book.path, source, target, settings, options), sync=True)
    result.rename(book.path, Path(source))
    return result


def _row(
    colorizer: Colorizer,
    path: Path,
    source: str,
    file: Path,
    settings: RunSettings,
    options: Mapping[str, object],
) -> ManifestRow:
    """Return the row of a result beside it; path: of the input, source: as it was given."""
    name = quoted(Path(file.name))
    return ManifestRow(
        key=name, picture=source, files=[name], picture_sha256=file_digest(path),
        guidance=settings.guidance.record(Path(source)), **provenance(colorizer, settings, options, None),
    )  # fmt: skip


@contextmanager
def _local(source: str) -> Iterator[Path]:
    """Yield the path of an input; standard input is copied to a file, since books are not read in order."""
    if source != STREAM:
        yield Path(source)
        return
    with TemporaryDirectory() as folder:
        path = Path(folder, "standard input")
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield path


def _book(path: Path, source: str, out: str) -> Container | None:
    """Open what holds several pictures, None for a single one and for the first frame in another format.

    Raises:
        ConfigError: the output is not what it is written as.
    """
    cls = any_container_of(path) if source == STREAM else container_of(path)
    ending = container_suffix(out)
    if cls is None:
        if ending and Path(out).suffix.lower() not in SUFFIXES:
            raise ConfigError(f"-o {printable(out)}: {printable(source)} is one picture; give -o FILE.png")
        return None
    endings = result_suffixes(cls)
    if out == STREAM or ending in endings:
        return cls(path)
    if Path(out).suffix.lower() in SUFFIXES and not set(READABLE).isdisjoint(endings):
        return None
    raise ConfigError(
        f"-o {printable(out)}: {printable(source)} is written as {' or '.join(endings)}; "
        f"give -o FILE{endings[0]}, or a folder"
    )
