"""Worker processes that neither outlive their parent nor inherit its threads."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.context import BaseContext

PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux's prctl


def forked() -> BaseContext:
    """Return how to start workers at once: by a fork where that is safe, else from scratch."""
    alone = sys.platform == "linux" and threading.active_count() == 1
    return multiprocessing.get_context("fork" if alone else "spawn")


def fresh(preload: Sequence[str]) -> BaseContext:
    """Return how to start workers clean of what this process has done, with some modules imported once."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    return context


def pool(
    workers: int,
    context: BaseContext,
    start: Callable[..., None],
    argument: object,
    *,
    tasks_each: int | None = None,
) -> ProcessPoolExecutor:
    """Return workers that each call start(argument) once, and end with this process.

    tasks_each: how many tasks a worker does before another takes its place.
    """
    return ProcessPoolExecutor(
        workers, context, initializer=_begin, initargs=(start, argument), max_tasks_per_child=tasks_each
    )


def _begin(start: Callable[..., None], argument: object) -> None:
    _end_with_the_parent()
    start(argument)


def _end_with_the_parent() -> None:
    """See to it that a worker ends when its parent is killed; nobody else would tell it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, int(signal.SIGKILL))
    else:
        threading.Thread(target=_wait_for_the_parent, daemon=True).start()


def _wait_for_the_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)
