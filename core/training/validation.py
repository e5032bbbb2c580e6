"""The loss of pictures that are not trained on: looked at, never learned from."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from colorzoo.core.data.packed import Packed
from colorzoo.core.interfaces.stage import Batch
from colorzoo.core.training.stage_run import Setup, StageRun

LOOKS = 20
"""Validations a stage, unless a number of steps is given."""
SEED = 0
"""Of what losses draw: every look draws the same."""


class Validation:
    """Computes a stage's loss on held-out pictures; weights, buffers and generators stay as they are."""

    def __init__(self, setup: Setup, current: StageRun, packed: Packed, every: int | None) -> None:
        self.setup, self.current, self.packed = setup, current, packed
        self.every = max(1, current.total // LOOKS) if every is None else every

    def due(self, step: int) -> bool:
        """Say whether to look after so many steps; after the last one always."""
        return bool(self.every) and (step % self.every == 0 or step == self.current.total)

    def loss(self) -> float:
        """Return the mean over the pictures of the sum of what the lasting networks minimise."""
        networks = list(self.current.stage.networks.values())
        modes = [(module, module.training) for network in networks for module in network.modules()]
        for network in networks:
            network.eval()
        try:
            with torch.random.fork_rng():
                torch.manual_seed(SEED)
                return self._mean()
        finally:
            _restore(modes)

    def _mean(self) -> float:
        total, size = 0.0, self.current.batch_size
        for start in range(0, len(self.packed), size):
            batch = self._batch(start, size)
            total += sum(self._minimised(network, batch) for network in self._lasting()) * len(batch)
        return total / len(self.packed)

    def _batch(self, start: int, size: int) -> Batch:
        images = torch.from_numpy(self.packed.images[start : start + size].copy()).to(self.setup.device)
        ids = self.packed.ids[start : start + size]
        guidance = self.packed.guidance(range(start, start + len(ids)))
        return Batch.of(images.permute(0, 3, 1, 2).float().div_(255), ids, guidance)

    def _lasting(self) -> list[str]:
        return [name for name in self.current.stage.networks if name not in self.current.helpers]

    def _minimised(self, network: str, batch: Batch) -> float:
        """Return the sum of the losses that have a gradient; none is computed."""
        with self.setup.autocast():
            named: dict[str, Tensor] = self.current.stage.losses(network, batch)
        return sum(float(value.detach()) for value in named.values() if value.requires_grad)


def validation_of(
    setup: Setup, current: StageRun, held_out: Callable[[int], Packed | None] | None, every: int | None
) -> Validation | None:
    """Return what looks at a stage's held-out pictures; None if there are none, or every is 0."""
    packed = held_out(current.stage.size) if held_out and every != 0 else None
    return Validation(setup, current, packed, every) if packed else None


def _restore(modes: list[tuple[nn.Module, bool]]) -> None:
    for module, training in modes:
        module.training = training
