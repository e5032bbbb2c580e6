"""What a grey picture is of: a linear head on what the trunk says of it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

from colorzoo.core.domains import DOMAINS, Domain
from colorzoo.core.imaging.color import resize_area
from colorzoo.core.trunk.efficientnet import POOLED, Lite0Pooled, pretrained_state

SIDE = 224
"""Side of the square that a picture is squashed to, the size that the trunk was trained at."""
HEAD = Path(__file__).with_name("domains.safetensors")


class DomainNetwork(nn.Module):
    """The trunk, its pooled features, and a linear head, which `bench/domains.py` trains and measures."""

    def __init__(self) -> None:
        super().__init__()
        self.network = Lite0Pooled()
        self.head = nn.Linear(POOLED, len(DOMAINS))

    def forward(self, gray: Tensor) -> Tensor:
        """Return the probabilities (N, domains) of grey pictures (N, 1, H, W) in [0, 1]."""
        return self.head(self.pooled(gray)).softmax(1)  # type: ignore[no-any-return]

    def pooled(self, gray: Tensor) -> Tensor:
        """Return what the head is given, (N, 1280)."""
        return self.network(resize_area(gray, (SIDE, SIDE)))  # type: ignore[no-any-return]


def domain_of(gray: Tensor) -> tuple[Domain, float]:
    """Return the likeliest domain of grey (1, 1, H, W) in [0, 1], and its probability."""
    with torch.inference_mode():
        probability, index = _network()(gray)[0].max(0)
    return DOMAINS[int(index)], float(probability)


@cache
def _network() -> DomainNetwork:
    from safetensors.torch import load_file

    network = DomainNetwork().eval()
    network.network.load_state_dict(pretrained_state())
    network.head.load_state_dict({name: tensor.float() for name, tensor in load_file(HEAD).items()})
    return network
