"""Worker processes that are apart: one that dies costs what it was at, and nothing else."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.context import BaseContext
from typing import Generic, TypeVar

from colorzoo.core.errors import DataError
from colorzoo.core.jobs.interruption import held_back
from colorzoo.core.jobs.workers import HEARD_WITHIN, end, finished, initialized

DEPTH = 3
"""Items that a worker is given at once: one under way, and what it goes on with without waiting."""
DEATHS_IN_A_ROW = 8
"""Workers that may die one after the other, with nothing done between, before the job ends."""

Item = TypeVar("Item")
Result = TypeVar("Result")


class WorkerDiedError(DataError):
    """The process that was at work on an item was killed."""

    def __init__(self) -> None:
        super().__init__("its process was killed, perhaps for want of memory; fewer --workers take less")


class Lanes(Generic[Item, Result]):
    """So many workers, each with a short queue of its own; used as a context, at whose end all are gone.

    start(argument) is called once in every worker, work(item) for every item.
    """

    def __init__(
        self,
        workers: int,
        context: BaseContext,
        start: Callable[..., None],
        argument: object,
        work: Callable[[Item], Result],
    ) -> None:
        self._lanes = [_Lane(context, start, argument, work) for _ in range(workers)]
        self._deaths = 0

    def __enter__(self) -> Lanes[Item, Result]:
        return self

    def __exit__(self, *_: object) -> None:
        for lane in self._lanes:
            lane.kill()

    def results(
        self, items: Iterable[Item], signals: Sequence[int] = ()
    ) -> Iterator[tuple[Item, Result | WorkerDiedError]]:
        """Yield items with what became of them, in any order; no more are taken than workers can hold.

        signals: ends early once there is one.

        Raises:
            DataError: DEATHS_IN_A_ROW workers died one after the other.
        """
        waiting = iter(items)
        while not signals:
            self._fill(waiting)
            if not any(lane.queue for lane in self._lanes):
                return
            yield from self._done(HEARD_WITHIN)

    def last(self, seconds: float) -> Iterator[tuple[Item, Result | WorkerDiedError]]:
        """Yield what is done within the time; what workers are at then is given up, and nothing else."""
        until = time.monotonic() + seconds
        for lane in self._lanes:
            lane.cancel()
        while any(lane.queue for lane in self._lanes) and time.monotonic() < until:
            yield from self._done(until - time.monotonic())
        for lane in self._lanes:
            lane.kill()
            yield from lane.finished()

    def _fill(self, waiting: Iterator[Item]) -> None:
        """Give every worker an item, then each a second, up to DEPTH."""
        for depth in range(1, DEPTH + 1):
            for lane in self._lanes:
                if len(lane.queue) < depth:
                    for item in waiting:
                        lane.give(item)
                        break

    def _done(self, seconds: float) -> Iterator[tuple[Item, Result | WorkerDiedError]]:
        heads = [lane.queue[0][1] for lane in self._lanes if lane.queue]
        wait(heads, seconds, return_when=FIRST_COMPLETED)
        for lane in self._lanes:
            for item, result in lane.collect():
                self._deaths = self._deaths + 1 if isinstance(result, WorkerDiedError) else 0
                yield item, result
                if self._deaths >= DEATHS_IN_A_ROW:
                    raise DataError(
                        f"{DEATHS_IN_A_ROW} workers were killed one after the other, perhaps for want of "
                        "memory; run again with fewer --workers: what is done stays"
                    )


class _Lane(Generic[Item, Result]):
    """One worker, replaced by another when it dies, and the items it was given, the oldest first."""

    def __init__(
        self,
        context: BaseContext,
        start: Callable[..., None],
        argument: object,
        work: Callable[[Item], Result],
    ) -> None:
        self._context, self._start, self._argument, self._work = context, start, argument, work
        self._pool: ProcessPoolExecutor | None = None
        self.queue: deque[tuple[Item, Future[Result]]] = deque()

    def give(self, item: Item) -> None:
        with held_back():  # a worker that starts while its pool goes would end with a traceback
            if self._pool is None:
                begin = initialized(self._start, self._argument)
                self._pool = ProcessPoolExecutor(1, self._context, *begin)
            try:
                future = self._pool.submit(self._work, item)
            except BrokenProcessPool as error:  # it died just now; `collect` sees to the queue
                future = Future()
                future.set_exception(error)
            self.queue.append((item, future))

    def collect(self) -> Iterator[tuple[Item, Result | WorkerDiedError]]:
        """Yield what is done; of a worker that died, the oldest item, and another gets the others."""
        while self.queue and self.queue[0][1].done():
            item, future = self.queue.popleft()
            if future.cancelled():
                continue
            if isinstance(future.exception(), BrokenProcessPool):
                self._begin_again()
                yield item, WorkerDiedError()
            else:
                yield item, future.result()

    def cancel(self) -> None:
        for _, future in self.queue:
            future.cancel()

    def kill(self) -> None:
        if self._pool is not None:
            end(self._pool)

    def finished(self) -> Iterator[tuple[Item, Result]]:
        """Yield what a worker had done when it was killed, however late that is seen."""
        for item, future in self.queue:
            if finished(future):
                yield item, future.result()
        self.queue.clear()

    def _begin_again(self) -> None:
        self.kill()
        self._pool = None
        others = [item for item, _ in self.queue]
        self.queue.clear()
        for item in others:
            self.give(item)
