"""The one progress bar: on stderr, in the first of several processes, without a thread of its own."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from colorzoo.core.interfaces.dataset import Progress as Report

INTERVAL = 0.1
"""Seconds between two drawings."""


class ProgressBars:
    """A bar for each name that progress is reported of, drawn from its first report on.

    Bars are drawn where progress is reported: a thread that draws would keep workers from being forked.
    """

    def __init__(self, *, disable: bool = False, count: type[ProgressColumn] = MofNCompleteColumn) -> None:
        self._bars = Progress(
            TextColumn("{task.description}", markup=False), BarColumn(), count(),
            TimeElapsedColumn(), TimeRemainingColumn(), TextColumn("{task.fields[note]}", markup=False),
            console=Console(stderr=True), disable=disable or not first_process(), auto_refresh=False,
        )  # fmt: skip
        self._tasks: dict[str, TaskID] = {}
        self._drawn = 0.0

    def __enter__(self) -> ProgressBars:
        return self

    def __exit__(self, *_: object) -> None:
        if self._tasks:
            self._bars.stop()

    def show(self, name: str, done: int, total: int | None, note: str = "") -> None:
        """Draw `done` of `total`; note: text behind the bar."""
        if name not in self._tasks:
            self._bars.start()
            self._tasks[name] = self._bars.add_task(name, total=total, note=note)
        self._bars.update(self._tasks[name], completed=done, total=total, note=note)
        if time.monotonic() - self._drawn > INTERVAL:
            self._bars.refresh()
            self._drawn = time.monotonic()

    def report(self, name: str) -> Report:
        """Return what a job calls with how much is done, and of how much."""
        return partial(self.show, name)


def of_bytes() -> ProgressBars:
    """Return bars that count bytes."""
    return ProgressBars(count=DownloadColumn)


def first_process() -> bool:
    """Return whether this process is the one of several that talks."""
    return os.environ.get("RANK", "0") == "0"
