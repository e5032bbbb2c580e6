"""One process of the models with its queue, and the thread that talks to it."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from colorzoo.core.errors import ColorzooError
from colorzoo.core.jobs.workers import fresh
from colorzoo.web.coloring_tasks import Predict, Render, Task
from colorzoo.web.model_process import serve_models
from colorzoo.web.serve_settings import ServeSettings

PRELOAD = ("colorzoo.web.model_process",)
STARTS_WITHIN = 120
GRACE = 3.0
"""Seconds after which a task that nobody waits for any more ends with its process."""


class QueueFullError(ColorzooError):
    """More is waiting than the settings allow."""


class ModelProcessError(ColorzooError):
    """A process of the models ended, was too slow, or failed."""


@dataclass(order=True)
class WaitingTask:
    """A task of the queue, and who waits for it."""

    priority: int
    number: int
    task: Task = field(compare=False)
    future: asyncio.Future[Any] = field(compare=False)
    users: int = field(default=1, compare=False)


class ModelLane:
    """One process with its queue, and the thread that talks to it."""

    def __init__(self, settings: ServeSettings) -> None:
        self.settings, self.folder = settings, Path()
        self.heap: list[WaitingTask] = []
        self.by_key: dict[str, WaitingTask] = {}
        self.changed = threading.Condition()
        self.numbers = itertools.count()
        self.running: list[WaitingTask] = []
        self.process: BaseProcess | None = None
        self.connection: Connection | None = None
        self.device = ""
        self.ended = False

    def start(self, loop: asyncio.AbstractEventLoop, folder: Path) -> None:
        self.loop, self.folder = loop, folder
        threading.Thread(target=self._work, name="models", daemon=True).start()

    def stop(self) -> None:
        with self.changed:
            self.ended = True
            self.changed.notify_all()
        if self.process:
            self.process.kill()

    def put(self, task: Task, priority: int) -> WaitingTask:
        """Queue a task, or join an equal one that waits or runs."""
        with self.changed:
            same = self.by_key.get(task.key)
            if same is not None and not same.future.done():
                same.users += 1
                if priority < same.priority and same in self.heap:
                    same.priority = priority
                    heapq.heapify(self.heap)
                return same
            if len(self.heap) >= 4 * self.settings.queue:
                raise QueueFullError("too much is waiting here; try again in a while")
            waiting = WaitingTask(priority, next(self.numbers), task, self.loop.create_future())
            self.by_key[task.key] = waiting
            heapq.heappush(self.heap, waiting)
            self.changed.notify()
            return waiting

    def drop(self, waiting: WaitingTask) -> None:
        """Take a task out that nobody waits for."""
        with self.changed:
            waiting.users -= 1
            if waiting.users:
                return
            if waiting in self.heap:
                self.heap.remove(waiting)
                heapq.heapify(self.heap)
                self.by_key.pop(waiting.task.key, None)

    def _work(self) -> None:
        while not self.ended:
            group = self._next()
            if not group:
                continue
            try:
                answers = self._answers(group)
            except ModelProcessError as error:
                self._end_process()
                answers = [error] * len(group)
            self._finish(group, answers)

    def _finish(self, group: list[WaitingTask], answers: list[Any]) -> None:
        with self.changed:
            self.running = []
            for waiting in group:
                if self.by_key.get(waiting.task.key) is waiting:
                    del self.by_key[waiting.task.key]
        for waiting, answer in zip(group, answers, strict=True):
            try:
                self.loop.call_soon_threadsafe(_resolve, waiting.future, answer)
            except RuntimeError:  # the loop has ended
                return

    def _next(self) -> list[WaitingTask]:
        """Return the tasks to do next; wait for one, with the process started meanwhile."""
        if self.process is None and not self.ended:
            try:
                self._start_process()
            except ModelProcessError:
                self._end_process()
                time.sleep(0.5)
        with self.changed:
            while not self.heap and not self.ended:
                self.changed.wait()
            if self.ended:
                return []
            self.running = [heapq.heappop(self.heap)]
            self._take_alike()
            return self.running

    def _take_alike(self) -> None:
        first = self.running[0].task
        most = self.settings.batch or (1 if self.device in ("", "cpu") else 8)
        if most == 1 or not isinstance(first, Predict | Render):
            return
        for other in sorted(self.heap):
            if len(self.running) >= most:
                break
            if (
                isinstance(other.task, Predict | Render)
                and other.task.coloring.alike == first.coloring.alike
            ):
                self.running.append(other)
                self.heap.remove(other)
        heapq.heapify(self.heap)

    def _start_process(self) -> None:
        context = fresh(PRELOAD)
        self.connection, theirs = context.Pipe()
        self.process = context.Process(  # type: ignore[attr-defined]
            target=serve_models, args=(theirs, self.settings, self.folder), daemon=True
        )
        self.process.start()
        theirs.close()
        self.device = str(self._received(STARTS_WITHIN))

    def _end_process(self) -> None:
        process, self.process, self.device = self.process, None, ""
        if process is not None:
            process.kill()
            process.join(5)
        if self.connection is not None:
            self.connection.close()

    def _answers(self, group: list[WaitingTask]) -> list[Any]:
        if self.process is None or self.connection is None:
            raise ModelProcessError("the process of the models does not start; the server's log says why")
        try:
            self.connection.send([waiting.task for waiting in group])
        except OSError:
            raise ModelProcessError("the process of the models has ended; try again") from None
        pictures = sum(waiting.task.pictures for waiting in group)
        answers: list[Any] = self._received(self.settings.seconds * pictures)
        return answers

    def _received(self, seconds: float) -> Any:
        """Return what the process sends; it is too slow after so long, or when nobody waits any more."""
        assert self.connection is not None
        end, unwanted = time.monotonic() + seconds, None
        while True:
            try:
                if self.connection.poll(0.25):
                    return self.connection.recv()
            except (EOFError, OSError):
                raise ModelProcessError("the process of the models has ended; try again") from None
            now = time.monotonic()
            wanted = not self.running or any(waiting.users for waiting in self.running)
            unwanted = None if wanted else (unwanted or now)
            if self.ended or (unwanted and now - unwanted > GRACE):
                raise ModelProcessError("stopped, as was asked for")
            if now > end:
                raise ModelProcessError(f"took longer than {seconds:.0f} s, which is the limit here")


def _resolve(future: asyncio.Future[Any], answer: object) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
        future.exception()  # nobody may be waiting any more
    else:
        future.set_result(answer)
