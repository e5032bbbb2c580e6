"""Hands tasks to the processes of the models, and their answers back to the server's loop."""

from __future__ import annotations

import asyncio
import os
import zlib
from pathlib import Path
from typing import Any

from colorzoo.core.errors import ColorzooError
from colorzoo.web.coloring_tasks import Failed, Task
from colorzoo.web.model_lane import ModelLane
from colorzoo.web.serve_settings import ServeSettings

NOW, SOON = 0, 1
"""Priorities: what somebody looks at, and what is coloured."""


class TaskFailedError(ColorzooError):
    """A task has no answer; `error` is the class of the reason."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.message)
        self.error = failed.error


class Dispatcher:
    """The processes of the models, as the server's loop sees them."""

    def __init__(self, settings: ServeSettings) -> None:
        self.settings = settings
        self.lanes = [ModelLane(settings) for _ in range(settings.workers)]

    def start(self, folder: Path) -> None:
        """Start the processes, which may write to a folder; tasks may come before they are ready."""
        if not self.settings.allow_pull:
            os.environ["HF_HUB_OFFLINE"] = "1"  # the processes inherit it
        for lane in self.lanes:
            lane.start(asyncio.get_running_loop(), folder)

    def stop(self) -> None:
        """Kill the processes."""
        for lane in self.lanes:
            lane.stop()

    @property
    def ready(self) -> bool:
        """Whether every process takes tasks."""
        return all(lane.device for lane in self.lanes)

    @property
    def device(self) -> str:
        """Where the models are; empty until a process has said so."""
        return next((lane.device for lane in self.lanes if lane.device), "")

    @property
    def waiting(self) -> int:
        """How many tasks wait."""
        return sum(len(lane.heap) for lane in self.lanes)

    @property
    def processes(self) -> list[int]:
        """The ids of the processes."""
        return [lane.process.pid for lane in self.lanes if lane.process and lane.process.pid]

    async def ask(self, task: Task, route: str, priority: int = SOON) -> Any:
        """Return the answer of a task; a caller that is cancelled takes it out of the queue.

        route: what keeps tasks of one picture with the process that has its prediction.

        Raises:
            QueueFullError: too many wait.
            TaskFailedError, ModelProcessError: there is no answer.
        """
        lane = self.lanes[zlib.crc32(route.encode()) % len(self.lanes)]
        waiting = lane.put(task, priority)
        try:
            answer = await asyncio.shield(waiting.future)
        except asyncio.CancelledError:
            lane.drop(waiting)
            raise
        if isinstance(answer, Failed):
            raise TaskFailedError(answer)
        return answer
