"""Which device to compute on."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import torch

from colorzoo.core.errors import ConfigError


def available() -> list[str]:
    """Return the devices of this machine, the best one first."""
    names = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        names.append("mps")
    return [*names, "cpu"]


def resolve(name: str) -> torch.device:
    """Return the device of auto, cpu, cuda, cuda:1 or mps.

    Raises:
        ConfigError: another name, or a device that this machine lacks.
    """
    present = available()
    if name == "auto":
        return torch.device(present[0])
    if not re.fullmatch(r"cpu|mps|cuda(:\d+)?", name):
        raise ConfigError(f"device {name!r}: expected auto, cpu, cuda, cuda:1 or mps")
    if not any(device == name or device.startswith(f"{name}:") for device in present):
        raise ConfigError(
            f"device {name!r}: not on this machine; expected auto or one of {', '.join(present)}"
        )
    return torch.device(name)


def device_of(colorizer: object) -> torch.device:
    """Return where a module's parameters are; the CPU for what has none."""
    if isinstance(colorizer, torch.nn.Module):
        for parameter in colorizer.parameters():
            return parameter.device
    return torch.device("cpu")


def cores() -> int:
    """Return how many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # macOS and Windows have none
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def described(device: torch.device, threads: int | None = None) -> str:
    """Return a device in words, a processor with its threads, by default those in use."""
    threads = threads or torch.get_num_threads()
    return f"cpu with {threads} thread{'s' * (threads > 1)}" if device.type == "cpu" else str(device)


def seeded_generator(seed: int | None) -> torch.Generator:
    """Return a generator on the CPU, the same on every device; a random one without a seed.

    Torch's takes the lower 32 bits of a seed and would give 2**56 the numbers of 0: larger ones are hashed.
    """
    generator = torch.Generator()
    if seed is None:
        generator.seed()
    else:
        large = seed >= 2**32
        digest = hashlib.sha256(str(seed).encode()).digest()
        generator.manual_seed(int.from_bytes(digest[:4], "big") if large else seed)
    return generator


def bfloat16_is_fast(device: torch.device) -> bool:
    """Return whether the device computes bfloat16 natively."""
    if device.type == "cpu":
        return bool(torch.cpu._is_avx512_bf16_supported())  # torch has no public way
    return device.type == "cuda" and torch.cuda.is_bf16_supported()


def limit_threads(count: int) -> None:
    """Compute on so many threads from now on, in torch and OpenCV."""
    torch.set_num_threads(count)
    cv2.setNumThreads(count)


@contextmanager
def limited_threads(count: int | None) -> Iterator[None]:
    """Compute on so many threads in the block; None leaves them as they are.

    Sums depend on the number of threads, and so may the last bit of a colour.
    """
    before = torch.get_num_threads(), cv2.getNumThreads()
    if count is not None:
        limit_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])
