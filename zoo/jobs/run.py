"""Colours picture files into a folder, by one process or many; one that fails does not stop the others."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path

from colorzoo.core.devices import cores, device_of, limited_threads
from colorzoo.core.errors import ColorzooError, DataError, printable
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.jobs.interruption import held_back
from colorzoo.core.jobs.lanes import Lanes, WorkerDiedError
from colorzoo.core.jobs.workers import fresh
from colorzoo.jobs import run_chapter, run_frames, run_picture
from colorzoo.jobs.run_batch import Batch, Files
from colorzoo.jobs.run_folder import ResultFolder, held, sweep
from colorzoo.jobs.run_picture import NO_ROOM, Content, Outcome, Task, packed_work
from colorzoo.jobs.run_result import RunResult
from colorzoo.jobs.run_settings import RunSettings as RunSettings

PictureProgress = Callable[[int, int, str], None]
"""Called with how many pictures are settled, of how many, and how it goes."""
FEW = 16
"""Pictures that are not worth the start of other processes, each on all threads; more: on one."""
MEMORY_OF_A_WORKER = 2 << 30
"""Bytes that a worker may take, by which the default number of them is bounded."""
ON_AN_ACCELERATOR = 4
"""Workers that share an accelerator: while one decodes, another computes, another encodes."""
LAST_SECONDS = 1.0
"""How long pictures that are under way may take to end after Ctrl-C."""


def run(
    colorizer: Colorizer,
    files: Files,
    out: Path,
    settings: RunSettings,
    progress: PictureProgress = lambda done, total, note: None,
) -> RunResult:
    """Colour files, write every sample and contact sheets; Ctrl-C ends early with what is done.

    The same call goes on where one was interrupted: results of the same options are not made again. Results
    do not depend on how many workers make them.

    files: pictures and where their results go below `out`, from `colorzoo.jobs.inputs.gather`.

    Raises:
        DataError: another process colours into the same folder, its manifest is damaged, the disk is full.
    """
    start = time.monotonic()
    with held(out, settings.name, files):
        batch = Batch(colorizer, ResultFolder(out), settings, files)
        result = batch.result
        batch.threads = result.threads = threads_for(len(files), settings)
        try:
            with limited_threads(batch.threads), room_on(out):
                _color(batch, files, progress)
        except KeyboardInterrupt:
            result.interrupted = True
            sweep(out, settings.name, files)
        with room_on(out):
            batch.finish()
    result.wall = time.monotonic() - start
    return result


def threads_for(count: int, settings: RunSettings) -> int | None:
    """Return the threads of one picture, None for all of them; how many workers there are is no matter."""
    alone = count <= FEW and settings.workers is None
    return settings.threads or (None if alone or settings.frames else 1)


def default_workers(colorizer: Colorizer) -> int:
    """Return how many processes colour many pictures by default."""
    if device_of(colorizer).type != "cpu":
        return min(ON_AN_ACCELERATOR, cores())
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):  # Windows has none
        return cores()
    return max(1, min(cores(), memory // MEMORY_OF_A_WORKER))


@contextmanager
def room_on(out: Path) -> Iterator[None]:
    """Say what to do where the disk of the output folder has no room."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        reason = f"{printable(str(out))}: {error.strerror}"
        raise DataError(f"{reason}; what is done stays, the same command goes on") from None


def _color(batch: Batch, files: Files, progress: PictureProgress) -> None:
    result, seen = batch.result, 0

    def show(done: int, total: int) -> None:
        megapixels = result.megapixels
        progress(seen + done, seen + total, f"{megapixels:,.3g} megapixels" if megapixels else "")

    seen = run_chapter.agree(batch, files, show) if batch.settings.guidance.consistent else 0
    if batch.settings.frames:
        run_frames.color_all(batch, files, show)
    else:
        for _ in _settled(batch, files):
            show(result.settled, result.total)
    show(result.total, result.total)


def _settled(batch: Batch, files: Files) -> Iterator[None]:
    """Colour what is undone, and yield after every picture."""
    undone = batch.undone(files)
    wanted = batch.settings.workers or (default_workers(batch.colorizer) if batch.total > FEW else 1)
    first = list(islice(undone, FEW + 1 if batch.settings.workers is None else 2))
    tasks = batch.begin(chain(first, undone))
    many = len(first) > (FEW if batch.settings.workers is None else 1)
    if wanted > 1 and many:
        yield from _by_workers(batch, tasks, wanted)
        return
    for task in tasks:
        batch.settle(task, batch.work.color(task))
        yield


def _by_workers(batch: Batch, tasks: Iterator[Task], count: int) -> Iterator[None]:
    batch.result.workers = count
    preload = ["torch", "cv2", run_picture.__name__]
    argument = (*packed_work(batch.work), batch.threads or 1)
    begin, color = run_picture.start, run_picture.color
    with (
        Lanes[Task, Outcome](count, fresh(preload), begin, argument, color) as lanes,
        held_back() as signals,  # until what is done is settled
    ):
        for task, outcome in lanes.results(tasks, signals):
            batch.settle(task, _outcome(outcome))
            yield
        for task, outcome in lanes.last(LAST_SECONDS):
            if not isinstance(outcome, WorkerDiedError):
                batch.settle(task, outcome)


def _outcome(outcome: Outcome | WorkerDiedError) -> Outcome:
    """Return what became of a picture whose worker died, too: it is tried again by the next run."""
    if not isinstance(outcome, WorkerDiedError):
        return outcome
    error: ColorzooError = outcome
    return Outcome(Content(""), error=str(error), lasting=False, cause=error)
