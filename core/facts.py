"""What has to be decoded to be known about pictures, remembered until a file changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from colorzoo.core.dataset import Dataset, FileDataset
from colorzoo.core.images import Pixels, atomic_write, read
from colorzoo.core.packed import cache_root

MEASURED_AT = 128
"""Least side at which the chroma of pictures without a file is measured."""


class Facts(NamedTuple):
    """Of one picture: mean chroma of 255, height and width in pixels."""

    chroma: float
    height: int
    width: int


def facts_of(root: Path, files: Sequence[Path]) -> list[Facts]:
    """Return the facts of every file, from the cache if none has changed."""
    stats = [(str(f.relative_to(root)), (s := f.stat()).st_size, s.st_mtime_ns) for f in files]
    key = hashlib.sha256(json.dumps([str(root.resolve()), stats]).encode()).hexdigest()[:32]
    memo = cache_root() / "facts" / f"{key}.json"
    if memo.exists():
        return [Facts(*row) for row in json.loads(memo.read_text())]
    found = [_measured(file) for file in files]
    with atomic_write(memo) as out:
        out.write(json.dumps(found).encode())
    return found


def mean_chroma(image: Pixels) -> float:
    """Return the mean of max(R, G, B) - min(R, G, B) over the pixels, 0 to 255; 0 is grey."""
    return float((image.max(-1).astype(np.int16) - image.min(-1)).mean())


def summary(dataset: Dataset) -> dict[str, str]:
    """Return the smallest, median and largest picture, and the mean chroma and how much it varies."""
    found = facts_of_dataset(dataset)
    if not found:
        return {"width x height": "none", "chroma": "none"}
    sizes = sorted(found, key=lambda fact: fact.height * fact.width)
    chosen = [sizes[0], sizes[len(sizes) // 2], sizes[-1]]
    chroma = np.array([fact.chroma for fact in found])
    low, middle, high = np.percentile(chroma, (5, 50, 95))
    return {
        "width x height": ", ".join(dict.fromkeys(f"{fact.width}x{fact.height}" for fact in chosen)),
        "chroma": f"{middle:.0f} ({low:.0f} to {high:.0f})",
    }


def facts_of_dataset(dataset: Dataset) -> list[Facts]:
    """Return the facts of every picture; those of files are remembered."""
    if isinstance(dataset, FileDataset) and len(dataset) == len(dataset.files):
        return facts_of(dataset.root, dataset.files)
    samples = (dataset.reduced(index, MEASURED_AT) for index in range(len(dataset)))
    return [Facts(round(mean_chroma(sample.image), 3), *sample.size) for sample in samples]


def _measured(file: Path) -> Facts:
    image = read(file).rgb
    return Facts(round(mean_chroma(image), 3), *image.shape[:2])
