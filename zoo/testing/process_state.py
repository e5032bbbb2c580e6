"""The state of the process that a plugin must leave as it is."""

from __future__ import annotations

from typing import Any

import torch


def global_state() -> dict[str, Any]:
    """Return the state of the process that a colorizer must leave as it is."""
    return {
        "random state": torch.get_rng_state(),
        "gradient mode": torch.is_grad_enabled(),
        "default dtype": torch.get_default_dtype(),
        "number of threads": torch.get_num_threads(),
        "deterministic mode": torch.are_deterministic_algorithms_enabled(),
    }
