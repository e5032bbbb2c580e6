"""Training state in one safetensors file: networks, moving average, optimizers and position.

The header carries the position as JSON and a sha256 over it and the tensors: a file that is damaged, or
was changed by anyone else, is refused as a whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict, Field
from safetensors import SafetensorError, safe_open
from safetensors.torch import load, save
from torch import Tensor

from colorzoo.core.errors import TrainingError, WeightsError, printable
from colorzoo.core.files import atomic_write, parse_model
from colorzoo.core.weights.safetensors_header import read_header

FORMAT = "2"
ADVICE = "delete it and start anew without --resume"


class OptimizerValues(BaseModel):
    """The values of an optimizer's state that are no tensors."""

    groups: list[dict[str, Any]]
    numbers: dict[int, dict[str, Any]]


class CheckpointMetadata(BaseModel):
    """Position of a run, and the identity that a resumed run must share."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    stage: int = Field(0, ge=0, description="index of the stage under way")
    step: int = Field(0, ge=0, description="steps of it that are done")
    seconds: float = Field(0, ge=0, description="time spent")
    stage_began: float = Field(0, ge=0, description="time spent before the stage")
    seen: int = Field(0, ge=0, description="pictures trained on")
    log_size: int = Field(0, ge=0, description="length of the log, in bytes")
    optimizers: dict[str, OptimizerValues] = {}
    identity: dict[str, Any] = {}


def write(path: Path, tensors: Mapping[str, Tensor], metadata: CheckpointMetadata) -> None:
    """Write tensors and metadata; a kill leaves the old file or the new one, never a part."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    text = metadata.model_dump_json()
    data = save(plain, metadata={"format": FORMAT, "facts": text, "sha256": _digest(plain, text)})
    with atomic_write(path) as file:
        file.write(data)


def read(path: Path) -> tuple[dict[str, Tensor], CheckpointMetadata]:
    """Return the tensors and the metadata that `write` wrote.

    Raises:
        TrainingError: the file is absent, damaged or of another version.
    """
    tensors, metadata = _decoded(path)
    version = metadata.get("format", "none")
    if version != FORMAT:
        raise TrainingError(
            f"{path}: checkpoint of format {printable(version, 20)}, expected {FORMAT}: another version of "
            f"colorzoo wrote it; {ADVICE}"
        )
    text = metadata.get("facts", "")
    if metadata.get("sha256") != _digest(tensors, text):
        raise TrainingError(f"{path}: damaged checkpoint (its sha256 is not the one it names); {ADVICE}")
    return tensors, parse_model(
        text.encode(), CheckpointMetadata, str(path), error=TrainingError, advice=ADVICE
    )


def _decoded(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors and the metadata of a file that was checked before memory is taken for it."""
    try:
        data = path.read_bytes()
        read_header(data)
        with safe_open(path, framework="pt") as file:
            return load(data), file.metadata() or {}
    except FileNotFoundError:
        raise TrainingError(f"{path}: no checkpoint to resume; train without --resume") from None
    except (SafetensorError, WeightsError, OSError) as error:
        raise TrainingError(f"{path}: damaged checkpoint ({printable(str(error))}); {ADVICE}") from None


def _digest(tensors: Mapping[str, Tensor], text: str) -> str:
    """Return the sha256 over the metadata, and the names, types, shapes and bytes of the tensors."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        tensor = tensors[name]
        digest.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def pack_optimizer(
    optimizer: torch.optim.Optimizer, prefix: str
) -> tuple[dict[str, Tensor], OptimizerValues]:
    """Split an optimizer's state into tensors by name and values that JSON holds."""
    state = optimizer.state_dict()
    tensors = {
        f"{prefix}{index}.{key}": value
        for index, values in state["state"].items()
        for key, value in values.items()
        if isinstance(value, Tensor)
    }
    numbers = {
        index: {key: v for key, v in values.items() if not isinstance(v, Tensor)}
        for index, values in state["state"].items()
    }
    return tensors, OptimizerValues(groups=state["param_groups"], numbers=numbers)


def unpack_optimizer(
    optimizer: torch.optim.Optimizer, prefix: str, tensors: Mapping[str, Tensor], values: OptimizerValues
) -> None:
    """Load what `pack_optimizer` split."""
    state: dict[int, dict[str, Any]] = {index: dict(numbers) for index, numbers in values.numbers.items()}
    for name, tensor in tensors.items():
        if name.startswith(prefix):
            index, _, key = name[len(prefix) :].partition(".")
            state.setdefault(int(index), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": values.groups})
    for parameter, own in optimizer.state.items():
        for key, value in own.items():
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                # in the parameter's memory layout: fused optimizers walk both as flat memory
                own[key] = torch.empty_like(parameter, dtype=value.dtype).copy_(value)
