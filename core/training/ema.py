"""The exponential moving average of weights in training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn


class MovingAverage:
    """Average of the networks' weights over the steps (Polyak and Juditsky 1992); decay 0 turns it off.

    The decay grows with the step, (1 + step) / (10 + step) at most, so that the start is forgotten.
    """

    def __init__(self, networks: Iterable[nn.Module], decay: float) -> None:
        self.decay = decay
        self.live = [t for network in networks for t in network.state_dict().values()] if decay else []
        self.mean = [tensor.clone() for tensor in self.live]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after a step."""
        decay = min(self.decay, (1 + step) / (10 + step))
        pairs = list(zip(self.mean, self.live, strict=True))
        floats = [(m, x) for m, x in pairs if m.is_floating_point()]
        if floats:
            torch._foreach_lerp_([m for m, _ in floats], [x for _, x in floats], 1 - decay)
        for mean, live in pairs:
            if not mean.is_floating_point():
                mean.copy_(live)

    @torch.no_grad()
    def copy_to_networks(self) -> None:
        """Give the networks the averaged weights."""
        for mean, live in zip(self.mean, self.live, strict=True):
            live.copy_(mean)

    def state(self) -> dict[str, Tensor]:
        """Return the average by position."""
        return {str(index): tensor for index, tensor in enumerate(self.mean)}

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Load what `state` returned."""
        for index, tensor in enumerate(self.mean):
            tensor.copy_(state[str(index)])
