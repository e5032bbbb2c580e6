"""The processes and devices of a run, and what its processes agree on."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs

from colorzoo.core import devices
from colorzoo.core.training.train_config import TrainConfig


def accelerator_of(config: TrainConfig) -> Accelerator:
    """Return what knows of the other processes, if there are any."""
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)
    return Accelerator(cpu=config.device == "cpu", device_placement=False, kwargs_handlers=[unused])


def device_of(accelerator: Accelerator, config: TrainConfig) -> torch.device:
    """Return the device of this process: of several each gets its own from accelerate."""
    several = accelerator.num_processes > 1
    return accelerator.device if several else devices.resolve(config.device)


def autocast(device: torch.device, precision: str) -> AbstractContextManager[Any]:
    """Return a context that computes in bfloat16 where that was asked for, or is fast."""
    fast = precision == "bfloat16" or (precision == "auto" and devices.bfloat16_is_fast(device))
    return torch.autocast(device.type, torch.bfloat16, enabled=fast)


def in_any_process(accelerator: Accelerator, device: torch.device, requested: bool) -> bool:
    """Say whether something was requested of any process, so that all stop at the same step."""
    if accelerator.num_processes == 1:
        return requested
    return bool(accelerator.reduce(torch.tensor(float(requested), device=device), "sum") > 0)


def mean_of_processes(accelerator: Accelerator, device: torch.device, number: float) -> float:
    """Return the same number to all processes."""
    if accelerator.num_processes == 1:
        return number
    return float(accelerator.reduce(torch.tensor(number, device=device), "mean"))
