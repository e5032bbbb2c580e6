"""Datasets by address: which part of which source."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from colorzoo.core.data.address import parse_address
from colorzoo.core.data.combine import ConcatDataset, Subset
from colorzoo.core.data.packed import Fit, Packed, pack
from colorzoo.core.interfaces.dataset import Dataset, Progress
from colorzoo.core.registry import registry


def open_dataset(address: str, split: str | None = None, *, prefer: str = "all") -> Dataset:
    """Open `NAME`, `NAME:LOCATION` or a path; `split` must exist, `prefer` is taken where it does."""
    kind, location = source_of(address)
    splits = kind.splits_at(location)
    dataset: Dataset = kind(location, split or (prefer if prefer in splits else splits[0]))
    return dataset


def source_of(address: str) -> tuple[Any, str | None]:
    """Return the source that an address means, and the location in it."""
    sources = registry().entries["dataset"]
    name, location = parse_address(address, {key: item.entry.suffixes for key, item in sources.items()})
    return registry().find("dataset", name).load(), location


def open_datasets(addresses: Sequence[str], split: str | None = None, *, prefer: str = "all") -> Dataset:
    """Open one dataset, or several joined into one."""
    parts = [open_dataset(address, split, prefer=prefer) for address in addresses]
    return parts[0] if len(parts) == 1 else ConcatDataset(parts)


HELD_OUT_SPLITS = ("validation", "val", "valid", "dev")
"""Where a training looks whether it learns more than its pictures: the first that a source has.

Never a test split: who watches it while training has chosen by it.
"""
HELD_OUT_PICTURES = 64


def held_out(addresses: Sequence[str], split: str) -> Dataset | None:
    """Return a few pictures of the same sources that a training on `split` does not see, or None."""
    parts = []
    for address in addresses:
        kind, location = source_of(address)
        others = [name for name in HELD_OUT_SPLITS if name in kind.splits_at(location)]
        if split == "train" and others:
            parts.append(open_dataset(address, others[0]))
    if not any(map(len, parts)):
        return None
    return Subset(parts[0] if len(parts) == 1 else ConcatDataset(parts), HELD_OUT_PICTURES)


def packed_cache(dataset: Dataset, fit: Fit, progress: Progress | None = None) -> Callable[[int], Packed]:
    """Return what gives the engine the pictures at any size, each size packed once."""
    kept: dict[int, Packed] = {}

    def packed(size: int) -> Packed:
        if size not in kept:
            kept[size] = pack(dataset, size, fit, progress=progress)
        return kept[size]

    return packed
