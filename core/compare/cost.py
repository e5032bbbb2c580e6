"""What one picture costs, measured in a process that does nothing else."""

from __future__ import annotations

import sys
from typing import NamedTuple

import torch

from colorzoo.core.compare.evaluator import Evaluator
from colorzoo.core.compare.method import ComparedMethod
from colorzoo.core.compare.results import Cost
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.interfaces.colorizer import Colorizer


class Probe(NamedTuple):
    """What to measure the cost of: a method, and a fitted picture with its id."""

    method: ComparedMethod
    name: str
    picture: Picture


def cost_of(evaluator: Evaluator, probe: Probe) -> Cost:
    """Return the cost of one picture; None for what cannot be measured."""
    parameters = None
    try:
        colorizer = evaluator.colorizer(probe.method)
        parameters = sum(tensor.numel() for tensor in colorizer.state().values())
        evaluator.colorings(*probe)
        peak = peak_mib()
        on_gpu = evaluator.task.device.startswith("cuda")
        device = torch.cuda.max_memory_allocated() / 2**20 if on_gpu else None
        return Cost(peak_mib=peak, device_mib=device, parameters=parameters, gflop=_gflop(evaluator, probe))
    except Exception:  # the run itself reports the reason
        return Cost(parameters=parameters)


def peak_mib() -> float | None:
    """Return the most memory this process ever took, in MiB, or None if the system does not report it."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _gflop(evaluator: Evaluator, probe: Probe) -> float | None:
    """Count multiplications and additions of one picture; None for what torch does not compute."""
    from torch.utils.flop_counter import FlopCounterMode

    colorizer: Colorizer = evaluator.colorizer(probe.method)
    if not isinstance(colorizer, torch.nn.Module):
        return None
    colorizer.requires_grad_(False)  # the counter fails at layers that are given a parameter
    with FlopCounterMode(display=False) as counter:
        evaluator.colorings(*probe)
    return float(counter.get_total_flops()) / 1e9
