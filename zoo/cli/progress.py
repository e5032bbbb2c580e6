"""The one progress bar: on stderr, in the first of several processes."""

from __future__ import annotations

import os
import threading
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from colorzoo.core.errors import printable

if TYPE_CHECKING:
    from collections.abc import Callable

    from colorzoo.core.interfaces.dataset import Progress as Report

DRAWINGS_A_SECOND = 4
PLAIN_SECONDS = 10.0
"""Between two lines where nobody looks on: a file, a pipe."""
STARTING = "starting"


class ProgressBars:
    """A bar for each name that progress is reported of, drawn from its first report on.

    A thread draws it, so that one long work is no silence. Where nobody looks on it prints a plain line
    every ten seconds instead.
    """

    def __init__(self, *, disable: bool = False, count: type[ProgressColumn] = MofNCompleteColumn) -> None:
        console = Console(stderr=True, quiet=disable or not first_process(), highlight=False)
        self._is_plain = not console.is_terminal
        self._count = count()
        self._bars = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(), self._count,
            TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[note]}", markup=False),
            console=console, disable=console.quiet or self._is_plain, refresh_per_second=DRAWINGS_A_SECOND,
        )  # fmt: skip
        self._tasks: dict[str, TaskID] = {}
        self._over = threading.Event()
        self._teller = threading.Thread(target=self._tell, daemon=True)

    def __enter__(self) -> ProgressBars:
        if self._is_plain:
            self._teller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._end_of_start()
        self._bars.stop()

    def opening(self, text: str) -> None:
        """Say at once what was understood, to somebody who looks on; libraries are still to be loaded."""
        if not self._is_plain:
            self._bars.console.print(printable(text), markup=False, soft_wrap=True)
        self.show(STARTING, 0, None)

    def show(self, name: str, done: int, total: int | None, note: str = "") -> None:
        """Draw `done` of `total`; note: text behind the bar."""
        if name not in self._tasks:
            self._bars.start()
            self._end_of_start()
            self._tasks[name] = self._bars.add_task(name, total=total, note=note)
        self._bars.update(self._tasks[name], completed=done, total=total, note=note)

    def _end_of_start(self) -> None:
        if STARTING in self._tasks:
            self._bars.remove_task(self._tasks.pop(STARTING))

    def report(self, name: str) -> Report:
        """Return what a job calls with how much is done, and of how much."""
        return partial(self.show, name)

    def _tell(self) -> None:
        """Say every ten seconds what is under way."""
        while not self._over.wait(PLAIN_SECONDS):
            for task in [task for task in self._bars.tasks if not task.finished][-1:]:
                self._bars.console.print(self._line(task), markup=False, soft_wrap=True)

    def _line(self, task: Task) -> str:
        count, left = str(self._count.render(task)).strip(), task.time_remaining
        spent = f"{count} after {clock(task.elapsed or 0)}"
        parts = [spent, left and f"{clock(left)} left", task.fields["note"]]
        return f"{task.description}: {', '.join(part for part in parts if part)}"


def with_notes(bars: ProgressBars, name: str) -> Callable[[int, int, str], None]:
    """Return what a job calls with how much is done, of how much, and a note behind the bar."""
    return partial(bars.show, name)


def of_bytes() -> ProgressBars:
    """Return bars that count bytes."""
    return ProgressBars(count=DownloadColumn)


def first_process() -> bool:
    """Return whether this process is the one of several that talks."""
    return os.environ.get("RANK", "0") == "0"


def clock(seconds: float) -> str:
    """Return seconds as people say them: 45 s, 3:07 min, 2:05 h."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02} h"
