"""What a training tells whoever watches it, and the steps it is going to take. Nothing here loads torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from colorzoo.core.interfaces.stage import Stage, StageConfig


@dataclass(frozen=True)
class PlannedStage:
    """A stage to come: its steps, pictures a step, and the side of its pictures in pixels."""

    name: str
    steps: int
    batch_size: int
    size: int

    @classmethod
    def of(cls, stage: Stage, pictures: int) -> PlannedStage:
        """Return what a stage will do with so many pictures."""
        batch_size, steps = planned_steps(stage.settings, pictures)
        return cls(stage.name, steps, batch_size, stage.size)


def planned_steps(settings: StageConfig, pictures: int) -> tuple[int, int]:
    """Return the pictures a step, and the steps of a stage."""
    batch_size = max(1, min(settings.batch_size, pictures))
    return batch_size, settings.steps or max(1, round(settings.epochs * pictures / batch_size))


class TrainingListener:
    """Is told how a training goes; every method does nothing until it is overridden.

    Methods are called between steps, in the process that trains: what they take, the training waits.
    """

    def planned(self, stages: Sequence[Stage], device: str) -> None:
        """Hear of the stages, before a picture is read."""

    def started(self, stage: str, step: int) -> None:
        """Hear that a stage begins, or goes on, after `step` of its steps."""

    def stepped(self, stage: str, step: int, total: int, loss: float) -> None:
        """Hear that `step` of `total` steps are done; loss: the sum that the last one minimised."""

    def validated(self, stage: str, step: int, loss: float) -> None:
        """Hear the loss of pictures that are not trained on."""

    def finished(self, stage: str, step: int) -> None:
        """Hear that a stage has ended after `step` steps, of this run or those before it."""

    def previewed(self, path: Path) -> None:
        """Hear where a sheet of samples was written."""

    def out_of_time(self, stage: str, step: int, total: int) -> None:
        """Hear that a stage ends after `step` steps, since its time is up."""
