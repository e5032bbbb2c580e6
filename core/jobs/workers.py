"""Worker processes that neither outlive their parent nor inherit its threads."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import BaseContext
from typing import Protocol, TypeVar

from colorzoo.core.errors import DataError
from colorzoo.core.jobs import fork_server
from colorzoo.core.jobs.interruption import held_back

AHEAD = 12
"""Items in the queue of a worker."""
HEARD_WITHIN = 0.2
"""Seconds after which an interruption is seen by who waits for workers."""

_starting = threading.Lock()
Argument = TypeVar("Argument")
Item = TypeVar("Item")
Result = TypeVar("Result")


class Each(Protocol):
    """What spreads work over processes: `each` here, or that of `colorzoo.core.jobs.cluster`."""

    def __call__(
        self,
        workers: int,
        preload: Sequence[str],
        start: Callable[[Argument], None],
        argument: Argument,
        work: Callable[[Item], Result],
        items: Sequence[Item],
    ) -> Iterator[Result]: ...


def fresh(preload: Sequence[str]) -> BaseContext:
    """Return a context whose workers share no state with this process; it imports `preload` once.

    Its server never hears of Ctrl-C, which reaches all processes of a terminal: the parent handles it.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([fork_server.__name__])
    resource_tracker.ensure_running()  # which unblocks the signal at its start
    before = signal.pthread_sigmask(
        signal.SIG_BLOCK, {signal.SIGINT}
    )  # inherited, and delivered to us later
    with _starting:  # the environment is that of all threads
        os.environ[fork_server.VARIABLE] = ",".join([str(os.getpid()), *preload])
        try:
            forkserver.ensure_running()
        finally:
            del os.environ[fork_server.VARIABLE]
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return context


@contextmanager
def pool(
    workers: int, context: BaseContext, start: Callable[..., None], argument: object
) -> Iterator[ProcessPoolExecutor]:
    """Yield an executor whose workers call start(argument) once; an exception in the block kills them."""
    executor = ProcessPoolExecutor(workers, context, *initialized(start, argument))
    try:
        yield executor
    except BaseException:
        end(executor)
        raise
    finally:
        executor.shutdown(cancel_futures=True)


def end(executor: ProcessPoolExecutor) -> None:
    """Kill its workers; what they had done by then are results of their futures."""
    for worker in list((executor._processes or {}).values()):  # Python 3.14 has kill_workers
        worker.kill()
    executor.shutdown(cancel_futures=True)


def finished(future: Future[Result]) -> bool:
    """Return whether a future has a result."""
    return future.done() and not future.cancelled() and future.exception() is None


def each(
    workers: int,
    preload: Sequence[str],
    start: Callable[[Argument], None],
    argument: Argument,
    work: Callable[[Item], Result],
    items: Sequence[Item],
) -> Iterator[Result]:
    """Yield what workers make of the items, in any order; an interruption loses what they are at.

    It is held back meanwhile, and raised when all that is done has been yielded.

    Raises:
        DataError: a worker was killed.
    """
    waiting, running = iter(items), set[Future[Result]]()
    with (
        pool(min(workers, len(items)), fresh(preload), start, argument) as executor,
        held_back() as signals,
    ):
        try:
            while not signals:
                more = islice(waiting, AHEAD * workers - len(running))
                running |= {executor.submit(work, item) for item in more}
                if not running:
                    return
                done, running = wait(running, HEARD_WITHIN, FIRST_COMPLETED)
                for future in done:
                    yield future.result()
            end(executor)
            yield from (future.result() for future in running if finished(future))
        except BrokenProcessPool:
            raise DataError(
                "a worker was killed, perhaps for want of memory; run again with fewer --workers: what is "
                "done stays"
            ) from None


def initialized(
    start: Callable[..., None], argument: object
) -> tuple[Callable[..., None], tuple[object, ...]]:
    """Return initializer and arguments of an executor whose workers call start(argument) once."""
    return _begin, (start, argument)


def _begin(start: Callable[..., None], argument: object) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the parent handles it
    end_with_the_parent()
    start(argument)


def end_with_the_parent() -> None:
    """End this worker when the process that started its pool is killed.

    A fork server between the two would live as long as its workers; in that case a thread waits for the
    parent.
    """
    parent = multiprocessing.parent_process()
    parent_id = parent.pid if parent else os.getppid()  # a launcher such as torchrun is a plain parent
    if fork_server.die_with_the_parent(int(signal.SIGKILL), parent_id or 0):
        return
    threading.Thread(target=_wait_for_the_parent, daemon=True).start()


def _wait_for_the_parent() -> None:
    """End this process as soon as the parent that multiprocessing names has ended."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)
