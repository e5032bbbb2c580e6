"""Settings of a training run, and what it reports and returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import Field

from colorzoo.core.config import Settings


class TrainConfig(Settings):
    """Settings of a run that do not change what is learned, but for the seed and the precision."""

    seed: int = Field(0, ge=0, lt=2**63, description="same seed, same weights on the same machine")
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, mps")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="auto: bfloat16 where the device computes it fast"
    )
    checkpoint_seconds: float = Field(120, ge=0, le=10**9, description="time between checkpoints")
    first_checkpoint_seconds: float = Field(10, ge=0, le=10**9, description="time until the first one")
    log_every: int = Field(50, gt=0, le=10**9, description="steps between lines of the log")
    preview_every: int = Field(0, ge=0, le=10**9, description="steps between preview sheets; 0: none")
    validate_every: int | None = Field(
        None, ge=0, le=10**9, description="steps between looks at held-out pictures; 0: none"
    )
    minutes: float | None = Field(None, gt=0, le=10**6, description="time after which training ends")
    tensorboard: bool = Field(False, description="also write TensorBoard events")


class Stopped(KeyboardInterrupt):
    """The run was interrupted and its checkpoint written."""


@dataclass(frozen=True)
class TrainOutcome:
    """Seconds that a run took, resumed parts included, and whether this process is the one that writes."""

    seconds: float
    is_main_process: bool


class Reporter(Protocol):
    """Receives the progress of a run: stage, steps done, steps in all, mean losses."""

    def __call__(self, stage: str, step: int, total: int, losses: dict[str, float]) -> None: ...
