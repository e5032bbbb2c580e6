"""When to write a checkpoint, and how much of a limited time a stage has used."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from colorzoo.core.training.listener import PlannedStage
from colorzoo.core.training.train_config import TrainConfig


class CheckpointClock:
    """Says when the next checkpoint is due: the first soon, the others at the configured distance."""

    def __init__(self, config: TrainConfig) -> None:
        self.distance = config.checkpoint_seconds
        self._wait = min(config.first_checkpoint_seconds, self.distance)
        self._since = time.monotonic()

    def due(self) -> bool:
        """Return whether it is time."""
        return time.monotonic() - self._since >= self._wait

    def written(self) -> None:
        """Start to wait for the next one."""
        self._wait, self._since = self.distance, time.monotonic()


class TimeLimit:
    """The minutes of a run, shared out to its stages by the pictures that each would see."""

    def __init__(self, minutes: float | None, agree: Callable[[float], float]) -> None:
        """agree: returns one number to all processes, whose clocks differ."""
        self.seconds = minutes * 60 if minutes else None
        self._agree = agree
        self._began = self._allowed = 0.0

    def begin(self, began: float, stages: Sequence[PlannedStage]) -> None:
        """Take in the seconds of the run at which a stage began, and the stages from it on."""
        if self.seconds:
            seen = [stage.steps * stage.batch_size for stage in stages]
            self._began, self._allowed = began, (self.seconds - began) * seen[0] / sum(seen)

    def spent(self, seconds: float) -> float:
        """Return the fraction of the stage's time that is over at so many seconds of the run, 0 to 1."""
        if not self.seconds:
            return 0.0
        over = seconds - self._began
        return self._agree(1.0 if self._allowed <= 0 else min(1.0, over / self._allowed))
