"""Colours one picture into one file, or from and to the standard streams."""

from __future__ import annotations

import hashlib
import secrets
import sys
import time
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from colorzoo.core.errors import ConfigError, printable
from colorzoo.core.files import file_digest
from colorzoo.core.imaging.image_io import (
    SUFFIXES,
    check_writable,
    encode,
    lost_in,
    read_any,
    suffix_for,
    write,
)
from colorzoo.core.inference.colorize import colorize
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.jobs.run import RunSettings
from colorzoo.jobs.run_record import ColorizedRecord
from colorzoo.jobs.run_result import RunResult

STREAM = "-"


def is_one_file(out: str) -> bool:
    """Return whether an output is a file or the standard output, not a folder."""
    return out == STREAM or (Path(out).suffix.lower() in SUFFIXES and not Path(out).is_dir())


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


def run_one(colorizer: Colorizer, source: str, out: str, settings: RunSettings) -> RunResult:
    """Colour a picture, - for standard input, into a file, - for standard output.

    The file gets a line in the record beside it.

    Raises:
        ImageError: it cannot be read or written.
        PluginError: the colorizer failed.
    """
    start = time.monotonic()
    data = BytesIO(sys.stdin.buffer.read()) if source == STREAM else None
    content = hashlib.sha256(data.getvalue()).hexdigest() if data else ""
    picture = read_any(data or source, name="standard input" if data else "")
    seed = settings.options["seed"]
    options = {**settings.options, "seed": secrets.randbelow(2**31) if seed is None else seed}
    guidance = settings.guidance.of(None if data else Path(source), picture)
    file = Path(f"colored{suffix_for(picture, settings.format)}" if out == STREAM else out)
    check_writable(file.name, *picture.full_size)
    (colored,) = colorize(colorizer, picture, options, guidance)
    record = ColorizedRecord(file.parent, colorizer, settings)
    mark = record.mark(options)
    if out == STREAM:
        sys.stdout.buffer.write(encode(colored, file.suffix, quality=settings.quality, mark=mark))
        sys.stdout.buffer.flush()
    else:
        write(out, colored, quality=settings.quality, mark=mark)
        sha256 = content or file_digest(Path(source))
        record.add(Path(source), sha256, Path(file.name), [file], options)
    result = RunResult(1, done=1, seconds=time.monotonic() - start, files={Path(source): [Path(out)]})
    result.seed = int(str(options["seed"]))
    result.notes = {note: [Path(source)] for note in (*picture.notes, *lost_in(file.name, picture))}
    return result
