"""A trunk that learns with what is built on it, but slowly: it knows more than a few pictures can teach."""

from __future__ import annotations

import torch

from colorzoo.core.trunk.efficientnet import Lite0


def slowed(optimizer: torch.optim.Optimizer, trunk: Lite0, share: float) -> torch.optim.Optimizer:
    """Give the trunk's parameters a share of the learning rate, in a group of their own."""
    slow = {id(parameter) for parameter in trunk.parameters()}
    (group,) = optimizer.param_groups
    parameters = group["params"]
    group["params"] = [p for p in parameters if id(p) not in slow]
    own = {**group, "params": [p for p in parameters if id(p) in slow], "rate_share": share}
    optimizer.add_param_group(own)
    return optimizer
