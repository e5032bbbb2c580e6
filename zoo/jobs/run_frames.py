"""Frames that agree: the pictures of a folder are frames of a sequence, coloured in their order.

The results of a frame depend on all frames before it. What is done is not written again; since colours are
carried from frame to frame, the frames before the first unwritten one are looked at again.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from colorzoo.core.imaging.image_io import Picture, read_any
from colorzoo.core.inference.sequence import predict_sequence
from colorzoo.core.interfaces.dataset import Progress
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.jobs.run_picture import Content, failed

if TYPE_CHECKING:
    from colorzoo.jobs.run_batch import Batch
    from colorzoo.jobs.run_picture import Task

Files = Sequence[tuple[Path, Path]]
NUMBER = re.compile(r"(\d+)")


def color_all(batch: Batch, files: Files, progress: Progress) -> None:
    """Colour every folder's pictures as a sequence."""
    for sequence in sequences(files):
        tasks = _tasks(batch, sequence)
        undone = max((number for number, task in enumerate(tasks, start=1) if not task.files), default=0)
        Frames(batch, tasks[:undone], progress, len(files)).color()
        for task in tasks[undone:]:
            batch.keep(task)


def sequences(files: Files) -> list[list[tuple[Path, Path]]]:
    """Return the pictures folder by folder, in natural order: frame2 comes before frame10."""
    ordered = sorted(files, key=lambda file: (natural(file[0].parent), natural(Path(file[0].name))))
    return [list(several) for _, several in groupby(ordered, key=lambda file: file[0].parent)]


def natural(path: Path) -> list[tuple[int, str]]:
    """Return what a path is sorted by, so that frame2 comes before frame10."""
    parts = NUMBER.split(str(path))
    return [(int(part), part) if part.isdecimal() else (-1, part.casefold()) for part in parts]


def _tasks(batch: Batch, files: Files) -> list[Task]:
    tasks: list[Task] = []
    for path, target in files:
        tasks.append(batch.task(len(tasks), path, target, tasks[-1].made_by if tasks else ""))
    return tasks


class Frames:
    """The frames of one sequence on their way through the colorizer."""

    def __init__(self, batch: Batch, tasks: Sequence[Task], progress: Progress, total: int) -> None:
        self.batch, self.progress, self.total = batch, progress, total
        self.waiting = deque(tasks)
        self.read: deque[tuple[Task, Picture, Guidance]] = deque()

    def color(self) -> None:
        """Colour them; after one that fails the next begins anew."""
        while self.waiting:
            try:
                self._go_on()
            except Exception as error:
                if not self.read:
                    raise
                self._fail(self.read.popleft()[0], error)
                self.waiting.extendleft(task for task, _, _ in reversed(self.read))
                self.read.clear()

    def _go_on(self) -> None:
        batch, start = self.batch, time.monotonic()
        for prediction in predict_sequence(batch.colorizer, self._frames(), batch.options):
            task, picture, guidance = self.read[0]
            if task.files:
                batch.keep(task)
            else:
                samples = prediction.pictures(guidance, batch.table)
                for begun in batch.begin([task]):
                    batch.settle(begun, batch.work.written(begun, _content(begun), picture, samples, start))
            self.read.popleft()
            start = time.monotonic()

    def _frames(self) -> Iterator[tuple[Picture, Guidance]]:
        while self.waiting:
            task = self.waiting.popleft()
            result = self.batch.result
            self.progress(result.settled, self.total)
            try:
                picture = read_any(task.path)
                guidance = self.batch.settings.guidance.of(task.path, picture)
            except Exception as error:
                self._fail(task, error)
                continue
            self.read.append((task, picture, guidance))
            yield picture, guidance

    def _fail(self, task: Task, error: Exception) -> None:
        self.batch.settle(task, failed(task, _content(task), error, 0))


def _content(task: Task) -> Content:
    """Return the digests of a frame, which `_tasks` read."""
    return task.content or Content("")
