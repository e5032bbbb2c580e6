"""Training state in one safetensors file: networks, moving average, optimizers and position."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from colorzoo.core.errors import TrainingError
from colorzoo.core.images import atomic_write

FORMAT = "1"


def write(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write tensors and JSON facts; a kill leaves the old file or the new one, never a part."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    data = save(plain, metadata={"format": FORMAT, "facts": json.dumps(facts)})
    with atomic_write(path) as file:
        file.write(data)


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write` wrote."""
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  not a dict
            return tensors, json.loads(metadata["facts"])
    except FileNotFoundError:
        raise TrainingError(f"{path}: no checkpoint to resume; train without --resume") from None
    except (SafetensorError, KeyError, OSError) as error:
        raise TrainingError(f"{path}: damaged checkpoint ({error}); train without --resume") from None


def pack_optimizer(optimizer: torch.optim.Optimizer, prefix: str) -> tuple[dict[str, Tensor], Any]:
    """Split an optimizer's state into tensors by name and JSON facts."""
    state = optimizer.state_dict()
    tensors = {
        f"{prefix}{index}.{key}": value
        for index, values in state["state"].items()
        for key, value in values.items()
        if isinstance(value, Tensor)
    }
    numbers = {
        str(index): {key: v for key, v in values.items() if not isinstance(v, Tensor)}
        for index, values in state["state"].items()
    }
    return tensors, {"groups": state["param_groups"], "numbers": numbers}


def unpack_optimizer(
    optimizer: torch.optim.Optimizer, prefix: str, tensors: Mapping[str, Tensor], facts: Any
) -> None:
    """Load what `pack_optimizer` split."""
    state: dict[int, dict[str, Any]] = {int(k): dict(v) for k, v in facts["numbers"].items()}
    for name, tensor in tensors.items():
        if name.startswith(prefix):
            index, _, key = name[len(prefix) :].partition(".")
            state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": facts["groups"]})
    for parameter, values in optimizer.state.items():
        for key, value in values.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                # in the parameter's memory layout: fused optimizers walk both as flat memory
                values[key] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
