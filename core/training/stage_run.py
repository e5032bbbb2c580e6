"""One stage of a training run under way: its batches, optimizers, moving average and steps."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from colorzoo.core.data.packed import Packed
from colorzoo.core.errors import TrainingError, printable
from colorzoo.core.interfaces.stage import Batch, Stage
from colorzoo.core.training import checkpoint
from colorzoo.core.training.ema import MovingAverage
from colorzoo.core.training.listener import planned_steps


@dataclass(frozen=True)
class Setup:
    """What all stages of a run share."""

    accelerator: Accelerator
    device: torch.device
    autocast: Callable[[], AbstractContextManager[Any]]
    seed: int


class StageRun:
    """A stage under way: its optimizers, moving average and batches.

    model: the colorizer's parameters. A network that has others, such as a discriminator, only helps to
    train: its weights are kept here, not with the colorizer's, and are not averaged.
    """

    def __init__(
        self, setup: Setup, index: int, stage: Stage, packed: Packed, model: Iterable[nn.Parameter]
    ) -> None:
        self.setup, self.index, self.stage, self.packed = setup, index, stage, packed
        self.batch_size, self.total = planned_steps(stage.settings, len(packed))
        self.minimised = 0.0
        """Sum of the losses that the last step minimised, without those of helpers."""
        self.spent = 0.0
        """Fraction of the stage's time that is over, where its time is limited."""
        processes = setup.accelerator.num_processes
        if self.batch_size < processes:
            raise TrainingError(
                f"{stage.name}.batch_size is {self.batch_size} for {processes} processes; "
                "give at least one picture to each"
            )
        stage.on_stage_start()
        for network in stage.networks.values():
            network.to(setup.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.losses = {n: setup.accelerator.prepare(_NetworkLoss(stage, n)) for n in stage.networks}
        self.optimizers = {
            name: stage.optimizer(name, [p for p in network.parameters() if p.requires_grad])
            for name, network in stage.networks.items()
        }
        own = {id(parameter) for parameter in model}
        self.helpers = {
            name: network
            for name, network in stage.networks.items()
            if not own.issuperset(map(id, network.parameters()))
        }
        lasting = [network for name, network in stage.networks.items() if name not in self.helpers]
        self.average = MovingAverage(lasting, stage.settings.ema)

    def step(self, number: int) -> dict[str, float]:
        """Take one step; it depends on the weights, the seed and its number alone."""
        accelerator = self.setup.accelerator
        torch.manual_seed(_mix_seed(self.setup.seed, self.index, number, accelerator.process_index))
        batch = self.stage.augment(self._batch(number))
        values: dict[str, float] = {}
        self.minimised = 0.0
        for network in self.losses:
            values |= self._update(network, batch, number)
        bad = [name for name, value in values.items() if not math.isfinite(value)]
        if bad:
            raise TrainingError(
                f"stage {self.stage.name}, step {number + 1}: {', '.join(bad)} is not finite; try a lower "
                f"{self.stage.name}.learning_rate or --precision float32"
            )
        self.average.update(number)
        return values

    def rate(self, step: int) -> float:
        """Return the learning rate of a step: linear warm-up, then constant or a half cosine to zero.

        Where time is limited, the cosine follows the clock if that is ahead of the steps.
        """
        settings = self.stage.settings
        factor = min(1.0, (step + 1) / settings.warmup) if settings.warmup else 1.0
        if settings.schedule == "cosine":
            over = min(1.0, max(step / self.total, self.spent))
            factor *= 0.5 + 0.5 * math.cos(math.pi * over)
        return settings.learning_rate * factor

    def finish(self) -> None:
        """Leave the averaged weights in the networks."""
        self.average.copy_to_networks()

    def state(self) -> tuple[dict[str, Tensor], dict[str, checkpoint.OptimizerValues]]:
        """Return moving average, helpers and optimizers as tensors and values that JSON holds."""
        tensors = {f"average.{name}": tensor for name, tensor in self.average.state().items()}
        for name, network in self.helpers.items():
            tensors |= {f"helper.{name}.{key}": t.detach() for key, t in network.state_dict().items()}
        values = {}
        for name, optimizer in self.optimizers.items():
            packed, values[name] = checkpoint.pack_optimizer(optimizer, f"optimizer.{name}.")
            tensors |= packed
        return tensors, values

    def restore(
        self, tensors: Mapping[str, Tensor], values: Mapping[str, checkpoint.OptimizerValues]
    ) -> None:
        """Load what `state` returned.

        Raises:
            TrainingError: the state is of other networks, of another version of the plugin for instance.
        """
        try:
            self._restore(tensors, values)
        except (KeyError, ValueError, RuntimeError) as error:  # what torch's loaders raise
            raise TrainingError(
                f"stage {self.stage.name}: not its state ({printable(str(error))})"
            ) from None

    def _restore(
        self, tensors: Mapping[str, Tensor], values: Mapping[str, checkpoint.OptimizerValues]
    ) -> None:
        self.average.load(strip_prefix(tensors, "average."))
        for name, network in self.helpers.items():
            network.load_state_dict(strip_prefix(tensors, f"helper.{name}."))
        for name, optimizer in self.optimizers.items():
            checkpoint.unpack_optimizer(optimizer, f"optimizer.{name}.", tensors, values[name])

    def _update(self, network: str, batch: Batch, number: int) -> dict[str, float]:
        optimizer = self.optimizers[network]
        for group in optimizer.param_groups:
            group["lr"] = group.get("rate_share", 1) * self.rate(number)
        with self.setup.autocast():
            named = self.losses[network](batch)
        learned = [value.float() for value in named.values() if value.requires_grad]
        optimizer.zero_grad(set_to_none=True)
        self.setup.accelerator.backward(torch.stack(learned).sum())
        if self.stage.settings.clip:
            nn.utils.clip_grad_norm_(self.losses[network].parameters(), self.stage.settings.clip)
        optimizer.step()
        values = {name: float(value.detach()) for name, value in named.items()}
        if network not in self.helpers:
            self.minimised += sum(values[name] for name, value in named.items() if value.requires_grad)
        return values

    def _batch(self, number: int) -> Batch:
        """Return this process's share of the step's pictures; each epoch has an order of its own."""
        accelerator, size = self.setup.accelerator, self.batch_size
        epoch, position = divmod(number, len(self.packed) // size)
        order = _epoch_order(_mix_seed(self.setup.seed, self.index, epoch), len(self.packed))
        chosen = order[position * size : (position + 1) * size]
        mine = np.sort(chosen[accelerator.process_index :: accelerator.num_processes])
        images = torch.from_numpy(self.packed.images[mine]).to(self.setup.device)
        ids, guidance = [self.packed.ids[row] for row in mine], self.packed.guidance(mine)
        return Batch.of(images.permute(0, 3, 1, 2).float().div_(255), ids, guidance)


class _NetworkLoss(nn.Module):
    """A network's losses as a module, so that accelerate can spread it over processes."""

    def __init__(self, stage: Stage, network: str) -> None:
        super().__init__()
        self.network = stage.networks[network]
        self._losses = stage.losses
        self._name = network

    def forward(self, batch: Batch) -> dict[str, Tensor]:
        return self._losses(self._name, batch)


def strip_prefix(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """Return the tensors whose names start with the prefix, without it."""
    return {name[len(prefix) :]: t for name, t in tensors.items() if name.startswith(prefix)}


def _mix_seed(*numbers: int) -> int:
    """Mix numbers into one seed, the same on every machine."""
    return int.from_bytes(hashlib.sha256(repr(numbers).encode()).digest()[:7], "big")


@lru_cache(maxsize=1)
def _epoch_order(seed: int, count: int) -> npt.NDArray[np.int64]:
    return np.random.default_rng(seed).permutation(count)
