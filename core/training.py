"""The training engine: one loop for every trainable plugin, on one process or many."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from pydantic import Field
from torch import Tensor, nn

from colorzoo.core import checkpoint, devices
from colorzoo.core.colorizer import Colorizer
from colorzoo.core.config import Strict
from colorzoo.core.ema import MovingAverage
from colorzoo.core.errors import TrainingError
from colorzoo.core.packed import Packed
from colorzoo.core.runlog import RunLog, write_preview
from colorzoo.core.stage import Batch, Stage, Trainable

CHECKPOINT, LOG = "checkpoint.safetensors", "log.jsonl"


class TrainConfig(Strict):
    """Settings of a run that do not change what is learned, but for the seed and the precision."""

    seed: int = Field(0, ge=0, description="same seed, same weights on the same machine")
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, mps")
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="auto: bfloat16 where the device computes it fast"
    )
    checkpoint_seconds: float = Field(120, ge=0, description="time between checkpoints")
    log_every: int = Field(50, gt=0, description="steps between lines of the log")
    preview_every: int = Field(0, ge=0, description="steps between preview sheets; 0: none")
    tensorboard: bool = Field(False, description="also write TensorBoard events")


class Reporter(Protocol):
    """Is told how far a run is."""

    def __call__(self, stage: str, step: int, total: int, losses: dict[str, float]) -> None: ...


def train(
    colorizer: Colorizer,
    data: Callable[[int], Packed],
    out: Path,
    config: TrainConfig,
    *,
    resume: bool = False,
    report: Reporter = lambda stage, step, total, losses: None,
) -> dict[str, Any]:
    """Train every stage and return facts of the run; the colorizer ends with the final weights.

    data: returns the pictures at a given size. out: receives checkpoint, log and previews. A kill at
    any moment loses only the steps since the last checkpoint, and resuming gives the same weights.
    """
    if not (isinstance(colorizer, nn.Module) and isinstance(colorizer, Trainable)):
        raise TrainingError(f"{type(colorizer).__name__} has nothing to train: it defines no stages()")
    run = _Run(colorizer, data, out, config, report)
    run.start(resume)
    for index, stage in enumerate(colorizer.stages()):
        if index >= run.stage_index:
            run.train_stage(index, stage)
    run.accelerator.wait_for_everyone()
    return run.facts()


class _Run:
    """The state of one run: position, log, clock."""

    def __init__(
        self,
        colorizer: Any,
        data: Callable[[int], Packed],
        out: Path,
        config: TrainConfig,
        report: Reporter,
    ) -> None:
        self.colorizer, self.data, self.out, self.config = colorizer, data, out, config
        unused = DistributedDataParallelKwargs(find_unused_parameters=True)
        self.accelerator = Accelerator(
            cpu=config.device == "cpu", device_placement=False, kwargs_handlers=[unused]
        )
        self.device = self._device()
        self.report = report
        self.stage_index, self.step, self.seconds, self.seen = 0, 0, 0.0, 0
        self.restored: dict[str, Tensor] = {}
        self.restored_facts: dict[str, Any] = {}

    def start(self, resume: bool) -> None:
        """Read the checkpoint if asked to and there is one, and open the log behind it."""
        path = self.out / CHECKPOINT
        self.identity = self._identity()
        if resume and path.exists():
            self.restored, self.restored_facts = checkpoint.read(path)
            facts = self.restored_facts
            self._check_same(facts["identity"])
            self.stage_index, self.step = facts["stage"], facts["step"]
            self.seconds, self.seen = facts["seconds"], facts["seen"]
            self.colorizer.load_state(_unprefixed(self.restored, "model."))
        elif path.exists():
            raise TrainingError(f"{self.out}: holds a run already; use --resume or another -o folder")
        torch.manual_seed(self.config.seed)
        self.colorizer.to(device=self.device, memory_format=torch.channels_last)
        log_size = self.restored_facts.get("log_size", 0)
        main = self.accelerator.is_main_process
        self.log = RunLog(self.out, log_size, self.config.tensorboard) if main else None

    def train_stage(self, index: int, stage: Stage) -> None:
        """Train one stage to its end, from the restored step if it is the one that was cut."""
        packed = self._packed(stage.size)
        total = stage.settings.steps or max(
            1, round(stage.settings.epochs * len(packed) / stage.settings.batch_size)
        )
        stage.begin()
        losses = {name: self.accelerator.prepare(_PlayerLoss(stage, name)) for name in stage.players}
        optimizers = {name: stage.optimizer(name, _trained(stage.players[name])) for name in stage.players}
        average = MovingAverage(stage.players.values(), stage.settings.ema)
        if self.restored and self.step:
            average.load(_unprefixed(self.restored, "average."))
            for name, optimizer in optimizers.items():
                facts = self.restored_facts["optimizers"][name]
                checkpoint.unpack_optimizer(optimizer, f"optimizer.{name}.", self.restored, facts)
        self._set_modes(stage)
        saved_at = began = time.monotonic()
        before = self.seconds
        window: list[dict[str, float]] = []
        for step in range(self.step, total):
            torch.manual_seed(_derived(self.config.seed, index, step, self.accelerator.process_index))
            batch = stage.augment(self._batch(packed, stage, index, step))
            values: dict[str, float] = {}
            for name, loss in losses.items():
                values |= self._update(stage, loss, optimizers[name], batch, step, total)
            average.update(step)
            window.append(values)
            self.step, self.seen = step + 1, self.seen + len(batch) * self.accelerator.num_processes
            self.seconds = before + time.monotonic() - began
            if self.step % self.config.log_every == 0 or self.step == total:
                self._log(index, stage, total, window)
                window = []
            if self.config.preview_every and self.step % self.config.preview_every == 0:
                self._preview(stage, packed)
            if time.monotonic() - saved_at >= self.config.checkpoint_seconds:
                self._save(index, average, optimizers)
                saved_at = time.monotonic()
        average.copy_to_networks()
        self.colorizer.eval()
        self.stage_index, self.step, self.restored = index + 1, 0, {}
        self._save(index + 1, None, {})

    def facts(self) -> dict[str, Any]:
        """Return what the run cost."""
        return {
            "seconds": round(self.seconds, 1),
            "pictures_seen": self.seen,
            "is_main_process": self.accelerator.is_main_process,
        }

    def _update(
        self,
        stage: Stage,
        loss: nn.Module,
        optimizer: torch.optim.Optimizer,
        batch: Batch,
        step: int,
        total: int,
    ) -> dict[str, float]:
        rate = _rate(stage, step, total)
        for group in optimizer.param_groups:
            group["lr"] = rate
        with self._autocast():
            named = loss(batch)
        learned = [value.float() for value in named.values() if value.requires_grad]
        optimizer.zero_grad(set_to_none=True)
        self.accelerator.backward(torch.stack(learned).sum())
        if stage.settings.clip:
            nn.utils.clip_grad_norm_(loss.parameters(), stage.settings.clip)
        optimizer.step()
        return {name: float(value.detach()) for name, value in named.items()}

    def _batch(self, packed: Packed, stage: Stage, index: int, step: int) -> Batch:
        """Return this process's share of the step's pictures; each epoch has an order of its own."""
        count = len(packed)
        size = min(stage.settings.batch_size, count)
        per_epoch = count // size
        epoch, place = divmod(step, per_epoch)
        order = _epoch_order(_derived(self.config.seed, index, epoch, -1), count)
        chosen = order[place * size : (place + 1) * size]
        mine = np.sort(chosen[self.accelerator.process_index :: self.accelerator.num_processes])
        images = torch.from_numpy(packed.images[mine]).to(self.device)
        return Batch.of(images.permute(0, 3, 1, 2).float().div_(255))

    def _log(self, index: int, stage: Stage, total: int, window: list[dict[str, float]]) -> None:
        means = {key: sum(row[key] for row in window) / len(window) for key in window[0]}
        bad = [key for key, value in means.items() if not math.isfinite(value)]
        if bad:
            raise TrainingError(
                f"stage {stage.name}, step {self.step}: {', '.join(bad)} is not finite; lower "
                f"{stage.name}.learning_rate or set precision float32, and resume"
            )
        self.report(stage.name, self.step, total, means)
        if self.log:
            self.log.write(stage.name, self.step, self.seconds, _rate(stage, self.step - 1, total), means)

    def _save(
        self,
        index: int,
        average: MovingAverage | None,
        optimizers: dict[str, torch.optim.Optimizer],
    ) -> None:
        if not self.log:
            return
        tensors = {f"model.{k}": v for k, v in self.colorizer.state().items()}
        tensors |= {f"average.{k}": v for k, v in average.state().items()} if average else {}
        described = {}
        for name, optimizer in optimizers.items():
            packed, described[name] = checkpoint.pack_optimizer(optimizer, f"optimizer.{name}.")
            tensors |= packed
        facts = {
            "stage": index,
            "step": self.step,
            "seconds": self.seconds,
            "seen": self.seen,
            "log_size": self.log.size(),
            "optimizers": described,
            "identity": self.identity,
        }
        checkpoint.write(self.out / CHECKPOINT, tensors, facts)

    def _identity(self) -> dict[str, Any]:
        """Return what must be the same for a resumed run to end with the same weights."""
        first = self.colorizer.stages()[0]
        return {
            "config": self.colorizer.config.model_dump(mode="json"),
            "fingerprint": self._packed(first.size).fingerprint,
            "seed": self.config.seed,
            "processes": self.accelerator.num_processes,
        }

    def _check_same(self, saved: dict[str, Any]) -> None:
        now = self.identity
        changed = [key for key in now if now[key] != saved.get(key)]
        if changed:
            raise TrainingError(
                f"{self.out}: cannot resume, {', '.join(changed)} changed since the checkpoint; "
                "give the same settings and data, or start in another -o folder"
            )

    def _packed(self, size: int) -> Packed:
        with self.accelerator.main_process_first():  # it decodes, the others find it done
            return self.data(size)

    def _preview(self, stage: Stage, packed: Packed) -> None:
        if self.log:
            self.colorizer.eval()
            write_preview(
                self.out / "previews" / f"{stage.name}-{self.step:06}.png", self.colorizer, packed
            )
            self._set_modes(stage)

    def _set_modes(self, stage: Stage) -> None:
        self.colorizer.eval()
        for network in stage.players.values():
            network.train()

    def _device(self) -> torch.device:
        several = self.accelerator.num_processes > 1  # then accelerate gives each its own
        return self.accelerator.device if several else devices.resolve(self.config.device)

    def _autocast(self) -> AbstractContextManager[Any]:
        wanted = self.config.precision
        fast = wanted == "bfloat16" or (wanted == "auto" and devices.bfloat16_is_fast(self.device))
        return torch.autocast(self.device.type, torch.bfloat16, enabled=fast)


class _PlayerLoss(nn.Module):
    """A player's losses as a module, so that accelerate can spread it over processes."""

    def __init__(self, stage: Stage, player: str) -> None:
        super().__init__()
        self.network = stage.players[player]
        self._losses = stage.losses
        self._player = player

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        return self._losses(self._player, batch)


def _rate(stage: Stage, step: int, total: int) -> float:
    """Return the learning rate of a step: linear warm-up, then constant or a half cosine to zero."""
    s = stage.settings
    factor = min(1.0, (step + 1) / s.warmup) if s.warmup else 1.0
    if s.schedule == "cosine":
        factor *= 0.5 + 0.5 * math.cos(math.pi * step / total)
    return s.learning_rate * factor


def _derived(*numbers: int) -> int:
    """Mix numbers into one seed, the same on every machine."""
    return int.from_bytes(hashlib.sha256(repr(numbers).encode()).digest()[:7], "big")


_orders: dict[tuple[int, int], Any] = {}


def _epoch_order(seed: int, count: int) -> Any:
    """Return the shuffled indices of an epoch; the last one is kept."""
    if (seed, count) not in _orders:
        _orders.clear()
        _orders[seed, count] = np.random.default_rng(seed).permutation(count)
    return _orders[seed, count]


def _trained(network: nn.Module) -> Iterator[nn.Parameter]:
    return (parameter for parameter in network.parameters() if parameter.requires_grad)


def _unprefixed(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}
