"""The header of a safetensors file, every claim of which is checked before it is used.

Layout: 8 bytes with the length of the header, little-endian, then the header as JSON, then the tensors
(https://huggingface.co/docs/safetensors).

Read here and not by `safetensors.safe_open`: that (0.8) accepts a name that stands twice, unknown keys and
any number of tensors or dimensions, and opens the path again after the sha256 of its bytes was checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from colorzoo.core.errors import WeightsError, printable

if TYPE_CHECKING:
    from torch import Tensor

MAX_HEADER, MAX_TENSORS, MAX_DIMENSIONS = 10_000_000, 100_000, 8
SIZES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2,
    "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1,
}  # fmt: skip
"""Bytes of an element, of the types that weights are made of."""
FLOATING = ("F64", "F32", "F16", "BF16")
FOREIGN = {
    "model.diffusion_model.": "a checkpoint of Stable Diffusion",
    "model.layers.": "a language model",
    "transformer.": "a transformer",
    "encoder.": "an encoder of another library",
    "text_model.": "a text encoder",
    "vision_model.": "an image encoder",
    "lora_": "a LoRA",
    "down_blocks.": "a diffusion model's U-Net",
    "features.": "a classifier of torchvision",
    "layer1.": "a ResNet",
}
"""Whose tensors have names that begin so."""


class TensorHeader(NamedTuple):
    """One tensor as the header announces it; start and end in bytes behind the header."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


def read_header(data: bytes) -> dict[str, TensorHeader]:
    """Return the tensors that a file's bytes announce, after checking that they fill it exactly.

    Raises:
        WeightsError: the header is damaged, too large, or not that of such a file.
    """
    if len(data) < 8:
        raise WeightsError(f"{len(data)} bytes, too short for safetensors")
    length = int.from_bytes(data[:8], "little")
    if length > min(MAX_HEADER, len(data) - 8):
        raise WeightsError(f"claims a header of {length:,} bytes, the file has {len(data):,}")
    header = _mapping(data[8 : 8 + length])
    header.pop("__metadata__", None)
    entries = {name: _entry(name, value) for name, value in header.items()}
    _check_offsets(entries, len(data) - 8 - length)
    return entries


def _mapping(text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text.decode(), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"its header is no JSON ({error})") from None
    if not isinstance(header, dict) or len(header) > MAX_TENSORS:
        raise WeightsError(f"its header is no mapping of at most {MAX_TENSORS:,} tensors")
    return header


def check_fit(entries: Mapping[str, TensorHeader], expected: Mapping[str, Tensor], what: str) -> None:
    """Check that names, shapes and types are those of the expected tensors.

    Floating-point types may differ: weights are often stored in half the space. what: the class, which the
    message names.

    Raises:
        WeightsError: they are not.
    """
    problems = list(_misfits(entries, expected))
    if problems:
        shown = "; ".join(sorted(problems)[:4])
        more = f"; {len(problems) - 4:,} more" if len(problems) > 4 else ""
        raise WeightsError(f"weights do not fit {what}: {shown}{more}{_owner(entries, expected)}")


def _misfits(entries: Mapping[str, TensorHeader], expected: Mapping[str, Tensor]) -> Iterator[str]:
    yield from (f"missing {printable(name, 60)}" for name in expected.keys() - entries.keys())
    yield from (f"unexpected {printable(name, 60)}" for name in entries.keys() - expected.keys())
    for name in expected.keys() & entries.keys():
        entry, tensor = entries[name], expected[name]
        if entry.shape != tuple(tensor.shape):
            yield f"{name} is {entry.shape}, expected {tuple(tensor.shape)}"
        elif not _convertible(entry.dtype, tensor):
            yield f"{name} is {entry.dtype}, expected {tensor.dtype}"


def with_sorted_metadata(data: bytes) -> bytes:
    """Return a safetensors file with its metadata in the order of the names: equal content, equal bytes."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    ordered = {name: header[name] for name in header if name != "__metadata__"}
    ordered = {"__metadata__": dict(sorted(header.get("__metadata__", {}).items())), **ordered}
    text = json.dumps(ordered, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # the tensors stay aligned
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def _owner(entries: Mapping[str, TensorHeader], expected: Mapping[str, Tensor]) -> str:
    """Return whose tensors these seem to be, if none has an expected name."""
    if not entries or entries.keys() & expected.keys():
        return ""
    owners = [owner for start, owner in FOREIGN.items() if any(name.startswith(start) for name in entries)]
    guess = owners[0] if owners else "another model"
    return (
        f"\nnone of its {len(entries):,} tensors has a name that is expected: it looks like {guess}; "
        "`colorzoo weights list` names weights that are here"
    )


def _shown(value: object) -> str:
    """Return a value of a header, fit for a message."""
    return printable(repr(value), 80)


def _convertible(dtype: str, tensor: Tensor) -> bool:
    """Return whether values of that type convert to the tensor's."""
    if tensor.is_floating_point():
        return dtype in FLOATING
    return dtype not in FLOATING and SIZES[dtype] == tensor.element_size()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a name stands twice")
    return values


def _entry(name: str, value: Any) -> TensorHeader:
    if not isinstance(value, dict) or value.keys() != {"dtype", "shape", "data_offsets"}:
        raise WeightsError(f"tensor {_shown(name)}: expected dtype, shape and data_offsets")
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not (isinstance(dtype, str) and dtype in SIZES):
        raise WeightsError(
            f"tensor {_shown(name)}: type {_shown(dtype)}, expected one of {', '.join(SIZES)}"
        )
    if not (
        _whole_numbers(shape)
        and len(shape) <= MAX_DIMENSIONS
        and _whole_numbers(offsets)
        and len(offsets) == 2
    ):
        raise WeightsError(
            f"tensor {_shown(name)}: shape and offsets must be lists of whole numbers from 0 on"
        )
    start, end = offsets
    if end - start != prod(shape) * SIZES[dtype]:
        raise WeightsError(
            f"tensor {_shown(name)}: {end - start:,} bytes for a {dtype} of shape {_shown(tuple(shape))}"
        )
    return TensorHeader(dtype, tuple(shape), start, end)


def _whole_numbers(values: Any) -> bool:
    return isinstance(values, list) and all(type(v) is int and 0 <= v < 2**62 for v in values)


def _check_offsets(entries: Mapping[str, TensorHeader], size: int) -> None:
    """Raise unless the tensors lie side by side from the first byte to the last."""
    ordered = sorted(entries.values(), key=lambda entry: (entry.start, entry.end))
    bounds = [0, *(entry.end for entry in ordered)]
    gaps = any(entry.start != before for entry, before in zip(ordered, bounds[:-1], strict=True))
    if gaps or bounds[-1] != size:
        raise WeightsError(f"its tensors overlap, leave holes or do not end with the file ({size:,} bytes)")
