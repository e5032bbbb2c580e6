"""The training engine: one loop for every trainable plugin, on one process or many."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from colorzoo.core.data.packed import Packed
from colorzoo.core.errors import TrainingError, WeightsError
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.stage import Stage, Trainable
from colorzoo.core.jobs.interruption import Interruption, deferred
from colorzoo.core.training import checkpoint
from colorzoo.core.training.listener import PlannedStage, TrainingListener
from colorzoo.core.training.processes import (
    accelerator_of,
    autocast,
    device_of,
    in_any_process,
    mean_of_processes,
)
from colorzoo.core.training.run_log import VALIDATION, RunLog, write_preview
from colorzoo.core.training.stage_run import Setup, StageRun, strip_prefix
from colorzoo.core.training.time_limit import CheckpointClock, TimeLimit
from colorzoo.core.training.train_config import Reporter as Reporter
from colorzoo.core.training.train_config import Stopped as Stopped
from colorzoo.core.training.train_config import TrainConfig as TrainConfig
from colorzoo.core.training.train_config import TrainOutcome as TrainOutcome
from colorzoo.core.training.validation import validation_of
from colorzoo.core.weights.unfinished import CHECKPOINT as CHECKPOINT


def train(
    colorizer: Colorizer,
    data: Callable[[int], Packed],
    out: Path,
    config: TrainConfig,
    *,
    resume: bool = False,
    report: Reporter = lambda stage, step, total, losses: None,
    notice: Callable[[], None] = lambda: None,
    listener: TrainingListener | None = None,
    held_out: Callable[[int], Packed | None] = lambda size: None,
) -> TrainOutcome:
    """Train every stage and return what the run cost; the colorizer ends with the final weights.

    data: returns the pictures at a given size. out: receives checkpoint, log and previews. A kill at
    any moment loses only the steps since the last checkpoint, and resuming gives the same weights
    (unless `config.minutes` limits the time). report: hears every line of the log. listener: hears more.
    held_out: returns pictures that are not trained on, at a given size, whose loss is logged.
    SIGINT and SIGTERM end it after the step under way; notice is called at once, from another thread.

    Raises:
        Stopped: it was interrupted; the checkpoint holds every step that was taken.
        TrainingError: there is nothing to train, a loss is not finite, or the checkpoint does not fit.
    """
    if not (isinstance(colorizer, nn.Module) and isinstance(colorizer, Trainable)):
        raise TrainingError(
            f"{type(colorizer).__name__} has nothing to train: it defines no stages(); "
            "`colorzoo weights new` writes it as it is"
        )
    run = _Run(colorizer, data, out, config)
    run.report, run.notice, run.listener, run.held_out = (
        report,
        notice,
        listener or TrainingListener(),
        held_out,
    )
    with torch.random.fork_rng():  # the caller's generators stay as they are
        run.start(resume)
        for index, stage in enumerate(run.stages):
            if index >= run.stage_index:
                run.train_stage(index, stage)
    if run.accelerator.num_processes > 1:
        run.accelerator.wait_for_everyone()
        run.accelerator.end_training()  # or the group is torn down while others still use it
    return TrainOutcome(round(run.seconds, 1), run.accelerator.is_main_process)


class _Run:
    """The state of one run: position, log, clock."""

    report: Reporter
    notice: Callable[[], None]
    listener: TrainingListener
    held_out: Callable[[int], Packed | None]

    def __init__(
        self, colorizer: Any, data: Callable[[int], Packed], out: Path, config: TrainConfig
    ) -> None:
        self.colorizer, self.data, self.out, self.config = colorizer, data, out, config
        self.accelerator = accelerator_of(config)
        self.device = device_of(self.accelerator, config)
        precision = partial(autocast, self.device, config.precision)
        agree = partial(mean_of_processes, self.accelerator, self.device)
        self.setup = Setup(self.accelerator, self.device, precision, config.seed)
        self.stage_index, self.step, self.seconds, self.seen, self.stage_began = 0, 0, 0.0, 0, 0.0
        self.checkpoints, self.limit = CheckpointClock(config), TimeLimit(config.minutes, agree)
        self.restored: dict[str, Tensor] = {}
        self.restored_position = checkpoint.CheckpointMetadata()

    def start(self, resume: bool) -> None:
        """Read the checkpoint if asked to and there is one, and open the log behind it."""
        path = self.out / CHECKPOINT
        self.colorizer.to(device=self.device, memory_format=torch.channels_last)
        self.stages = self._stages()
        self.listener.planned(self.stages, str(self.device))
        self.identity = self._identity()
        if resume and path.exists():
            self._restore(path)
        elif path.exists():
            raise TrainingError(f"{self.out}: holds a run already; use --resume or another -o folder")
        options = (self.out, self.restored_position.log_size, self.config.tensorboard)
        self.log = RunLog(*options) if self.accelerator.is_main_process else None

    def _stages(self) -> Sequence[Stage]:
        """Return the stages; networks of their own start from the seed, resumed or not."""
        torch.manual_seed(self.config.seed)
        stages: Sequence[Stage] = self.colorizer.stages()
        return stages

    def train_stage(self, index: int, stage: Stage) -> None:
        """Train one stage to its end, from the restored step if it is the one that was cut."""
        packed = self._packed(stage.size)
        current = StageRun(self.setup, index, stage, packed, self.colorizer.parameters())
        if self.restored and self.step:
            current.restore(self.restored, self.restored_position.optimizers)
        held_out = self.held_out if self.log else None  # of several processes one looks
        self.validation = validation_of(self.setup, current, held_out, self.config.validate_every)
        self._set_modes(stage)
        self.limit.begin(self.stage_began, [PlannedStage.of(s, len(packed)) for s in self.stages[index:]])
        self.listener.started(stage.name, self.step)
        with deferred(self.notice) as interruption:
            self._take_steps(index, current, interruption)
            current.finish()
            self.listener.finished(stage.name, self.step)
            self.colorizer.eval()
            self.stage_index, self.step, self.restored = index + 1, 0, {}
            self.stage_began = self.seconds
            self._save(index + 1, {}, {})
            if self._interrupted(interruption):
                raise Stopped(f"stage {stage.name} is done")

    def _take_steps(self, index: int, current: StageRun, interruption: Interruption) -> None:
        began, before = time.monotonic(), self.seconds
        window: list[dict[str, float]] = []
        while self.step < current.total:
            current.spent = self.limit.spent(self.seconds)
            if current.spent >= 1:  # this step is the last one
                self.listener.out_of_time(current.stage.name, self.step + 1, current.total)
                current.total = self.step + 1
            window.append(current.step(self.step))
            self.step, self.seen = self.step + 1, self.seen + current.batch_size
            self.seconds = before + time.monotonic() - began
            self.listener.stepped(current.stage.name, self.step, current.total, current.minimised)
            window = self._logged(current, window)
            if self.config.preview_every and self.step % self.config.preview_every == 0:
                self._preview(current)
            if self.checkpoints.due():
                self._save(index, *current.state())
                self.checkpoints.written()
            if self._interrupted(interruption):
                self._save(index, *current.state())
                raise Stopped(f"stage {current.stage.name}, step {self.step} of {current.total}")

    def _interrupted(self, interruption: Interruption) -> bool:
        return in_any_process(self.accelerator, self.device, interruption.requested)

    def _logged(self, current: StageRun, window: list[dict[str, float]]) -> list[dict[str, float]]:
        """Write the log where it is time; return the losses that are still to be logged."""
        looked = self._validate(current)
        if not looked and self.step % self.config.log_every and self.step != current.total:
            return window
        means = {key: sum(row[key] for row in window) / len(window) for key in window[0]}
        self.report(current.stage.name, self.step, current.total, means)
        if self.log:
            rate = current.rate(self.step - 1)
            self.log.write(current.stage.name, self.step, self.seconds, rate, {**means, **looked})
        return []

    def _validate(self, current: StageRun) -> dict[str, float]:
        if not (self.validation and self.validation.due(self.step)):
            return {}
        loss = self.validation.loss()
        self.listener.validated(current.stage.name, self.step, loss)
        return {VALIDATION: loss}

    def _preview(self, current: StageRun) -> None:
        if self.log:
            path = self.out / "previews" / f"{current.stage.name}-{self.step:06}.png"
            self.colorizer.eval()
            write_preview(path, self.colorizer, current.packed)
            self.listener.previewed(path)
            self._set_modes(current.stage)

    def _save(self, index: int, tensors: dict[str, Tensor], optimizers: dict[str, Any]) -> None:
        if not self.log:
            return
        tensors |= {f"model.{name}": tensor for name, tensor in self.colorizer.state().items()}
        metadata = checkpoint.CheckpointMetadata(
            stage=index,
            step=self.step,
            seconds=self.seconds,
            stage_began=self.stage_began,
            seen=self.seen,
            log_size=self.log.size(),
            optimizers=optimizers,
            identity=self.identity,
        )
        checkpoint.write(self.out / CHECKPOINT, tensors, metadata)

    def _restore(self, path: Path) -> None:
        self.restored, self.restored_position = checkpoint.read(path)
        position = self.restored_position
        changed = [key for key, value in self.identity.items() if value != position.identity.get(key)]
        if changed:
            raise TrainingError(
                f"{self.out}: cannot resume, {', '.join(changed)} changed since the checkpoint; "
                "give the same settings and data, or start in another -o folder"
            )
        self.stage_index, self.step = position.stage, position.step
        self.seconds, self.seen, self.stage_began = position.seconds, position.seen, position.stage_began
        try:
            self.colorizer.load_state(strip_prefix(self.restored, "model."))
        except WeightsError as error:
            raise TrainingError(f"{path}: {error}; {checkpoint.ADVICE}") from None

    def _identity(self) -> dict[str, Any]:
        """Return what must be the same for a resumed run to end with the same weights."""
        return {
            "config": self.colorizer.config.model_dump(mode="json"),
            "fingerprint": self._packed(self.stages[0].size).fingerprint,
            "seed": self.config.seed,
            "processes": self.accelerator.num_processes,
        }

    def _packed(self, size: int) -> Packed:
        with self.accelerator.main_process_first():  # it decodes, the others find it done
            return self.data(size)

    def _set_modes(self, stage: Stage) -> None:
        self.colorizer.eval()
        for network in stage.networks.values():
            network.train()
