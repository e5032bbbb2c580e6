"""One picture of a run, wherever it is coloured: in this process, in a worker, on another machine."""

from __future__ import annotations

import copy
import errno
import hashlib
import pickle
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import torch

from colorzoo.core.devices import device_of, limit_threads
from colorzoo.core.files import file_digest, stamp_of
from colorzoo.core.guidance.correspondence import Cells
from colorzoo.core.imaging.contact_sheet import Cell
from colorzoo.core.imaging.image_io import Picture, check_writable, lost_in, read_any, suffix_for, write
from colorzoo.core.inference.colorize import colorings
from colorzoo.core.inference.memory import (
    SCAN_BLOCK,
    hand_back_large_blocks,
    keep_blocks,
    release_free_memory,
)
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.jobs.run_guidance import NO_GUIDANCE, GuidanceRequest, sidecars
from colorzoo.jobs.run_manifest import unquoted
from colorzoo.jobs.run_result import failure_line
from colorzoo.jobs.run_sheet import SAMPLES, original_cells, sample_cell

LARGE = 2**22
"""Bytes of a picture from which on memory is worth handing back."""
OWN_SUFFIXES = (".jpg", ".png", ".tif", ".webp")
"""Of results that have the format of their picture."""
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""What is wrong with a disk, not with a picture: a run ends."""


class Content(NamedTuple):
    """The sha256 of a picture and of the files of hints beside it, and the stamps of all of them."""

    picture: str
    beside: tuple[str, ...] = ()
    stamp: tuple[int, ...] = ()

    def __str__(self) -> str:
        return " ".join(filter(None, [self.picture, *self.beside]))


class Task(NamedTuple):
    """A picture to colour: its place in the run, where its results go, and what is known of it.

    key: what results are called in the manifest. content: None where it is still to be read. before:
    `made_by` of the frame before. files: of equal results that are there. failed: whether it failed before,
    and is unchanged.
    """

    number: int
    path: Path
    target: Path
    key: str
    content: Content | None = None
    before: str = ""
    made_by: str = ""
    files: tuple[Path, ...] = ()
    failed: bool = False

    @property
    def stem(self) -> Path:
        """What results are called, relative to the folder, without number and suffix."""
        return unquoted(self.key)


@dataclass(frozen=True)
class Outcome:
    """What became of a picture; error: why it failed, for good if `lasting`; full: the disk has no room."""

    content: Content
    files: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    cells: tuple[Cell, ...] = ()
    seconds: float = 0.0
    megapixels: float = 0.0
    error: str = ""
    lasting: bool = True
    full: bool = False
    cause: Exception | None = field(default=None, compare=False)

    def __reduce__(self) -> tuple[object, ...]:
        values = (self.content, self.files, self.notes, self.cells, self.seconds, self.megapixels)
        return Outcome, (*values, self.error, self.lasting, self.full)  # not every error can be pickled


@dataclass(frozen=True)
class PictureWork:
    """What a process needs to colour pictures; the same of all processes of a run.

    out: the folder. format: suffix of results, without dot; None: that of each picture. shown: whether
    thumbnails are wanted. quality, mark, sync: of `colorzoo.core.imaging.image_io.write`.
    """

    colorizer: Colorizer
    out: Path
    options: Mapping[str, object]
    format: str | None = None
    guidance: GuidanceRequest = NO_GUIDANCE
    table: Cells | None = None
    shown: bool = False
    quality: int | None = None
    mark: str = ""
    sync: bool = True

    @property
    def samples(self) -> int:
        """How many samples a picture gets."""
        return int(str(self.options.get("samples", 1)))

    @property
    def endings(self) -> list[str]:
        """What may follow the stem in the names of the samples."""
        suffixes = [f".{self.format}"] if self.format else OWN_SUFFIXES
        return [f"-{number}{suffix}" for number in range(1, self.samples + 1) for suffix in suffixes]

    def color(self, task: Task) -> Outcome:
        """Colour a picture and write its samples, whatever comes."""
        content, start = task.content or Content(""), time.monotonic()
        try:
            content = task.content or content_of(task.path)
            picture = read_any(task.path)
            _choose_blocks(picture)
            guidance = self.guidance.of(task.path, picture)
            samples = colorings(self.colorizer, picture, self.options, guidance, self.table)
            return self.written(task, content, picture, samples, start)
        except Exception as error:  # whatever one picture brings about, the others go on
            return failed(task, content, error, time.monotonic() - start)

    def written(
        self, task: Task, content: Content, picture: Picture, samples: Iterable[Picture], start: float
    ) -> Outcome:
        """Write samples, equal ones once."""
        suffix = suffix_for(picture, self.format)
        names = [self.out / f"{task.stem}-{number}{suffix}" for number in range(1, self.samples + 1)]
        check_writable(names[0].name, *picture.full_size)
        files: list[Path] = []
        cells = original_cells(picture, task.path.name) if self.shown else []
        digests: set[bytes] = set()
        for number, (sample, name) in enumerate(zip(samples, names, strict=False), start=1):
            digest = hashlib.sha256(sample.pixels.data).digest()
            if digest not in digests:
                digests.add(digest)
                files.append(name)
                write(name, sample, quality=self.quality, mark=self.mark, sync=self.sync)
                if self.shown and number <= SAMPLES:
                    cells.append(sample_cell(sample.rgb, number, len(names)))
            del sample  # before the next one is made
            if picture.pixels.nbytes >= LARGE:
                release_free_memory()
        notes = [*picture.notes, *lost_in(names[0].name, picture)]
        if len(files) < len(names):
            equal = len(names) - len(files)
            notes.append(f"{equal} of its {len(names)} samples equal others, and are written once")
        height, width = picture.full_size
        spent = time.monotonic() - start
        return Outcome(content, tuple(files), tuple(notes), tuple(cells), spent, height * width / 1e6)


def _choose_blocks(picture: Picture) -> None:
    """Tell the heap which blocks to keep for a picture; those of a scan's stripes are small and many."""
    if picture.scan:
        hand_back_large_blocks(SCAN_BLOCK)
        release_free_memory()  # what loading the weights took
    elif picture.pixels.nbytes >= LARGE:
        hand_back_large_blocks()
    else:
        keep_blocks()


def content_of(path: Path) -> Content:
    """Read a picture and the files of hints beside it for their digests; of no file an empty one.

    Raises:
        OSError: one of them cannot be read.
    """
    files = [path, *sidecars(path)]
    if not path.is_file():
        return Content("")  # reading says what is wrong
    stamp = stamps_of(files)
    digest, *beside = map(file_digest, files)
    return Content(digest, tuple(beside), stamp)


def stamps_of(files: Iterable[Path]) -> tuple[int, ...]:
    """Return what changes when one of the files is written or replaced.

    Raises:
        OSError: one is not there.
    """
    return tuple(number for file in files for number in stamp_of(file))


def failed(task: Task, content: Content, error: Exception, seconds: float) -> Outcome:
    """Return the outcome of an error: a passing one, such as a lack of memory, is tried again some day."""
    passing = isinstance(error, OSError | MemoryError)
    full = isinstance(error, OSError) and error.errno in NO_ROOM
    text = failure_line(task.path, error)
    return Outcome(content, seconds=seconds, error=text, lasting=not passing, full=full, cause=error)


_work: PictureWork | None = None


def packed_work(work: PictureWork) -> tuple[bytes, str]:
    """Return work as bytes that any process can read, and the device that its colorizer is on."""
    colorizer = work.colorizer
    device = device_of(colorizer)
    if device.type != "cpu" and isinstance(colorizer, torch.nn.Module):
        colorizer = copy.deepcopy(colorizer).cpu()
    return pickle.dumps(PictureWork(**{**vars(work), "colorizer": colorizer})), str(device)


def unpacked_work(data: bytes, device: str) -> PictureWork:
    """Return what `packed_work` made bytes of."""
    work: PictureWork = pickle.loads(data)  # of this program's own process
    if isinstance(work.colorizer, torch.nn.Module):
        work.colorizer.to(device)
    return work


def start(argument: tuple[bytes, str, int]) -> None:
    """Make this process a worker; argument: work as `packed_work` returns it, and its threads."""
    global _work  # one a process
    data, device, threads = argument
    limit_threads(threads)
    _work = unpacked_work(data, device)


def color(task: Task) -> Outcome:
    """Colour a picture in a worker."""
    assert _work is not None  # `start` came before
    return _work.color(task)
