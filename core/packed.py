"""Pictures decoded once: a memory-mapped uint8 array per dataset content, size and fit."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from colorzoo.core.dataset import Dataset
from colorzoo.core.errors import DataError
from colorzoo.core.images import Pixels, atomic_write, square

Fit = Literal["squash", "crop", "pad"]


@dataclass(frozen=True)
class Packed:
    """Square pictures uint8 (N, size, size, 3), mapped from disk, with their ids."""

    images: Pixels
    ids: list[str]
    fingerprint: str

    def __len__(self) -> int:
        return len(self.images)


def cache_root() -> Path:
    """Return the folder for things that can be made again: COLORZOO_CACHE or ~/.cache/colorzoo."""
    given = os.environ.get("COLORZOO_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    return Path(given).expanduser() if given else base / "colorzoo"


def pack(
    dataset: Dataset,
    size: int,
    fit: Fit = "squash",
    *,
    root: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Packed:
    """Return the dataset's pictures at one size, from the cache or decoded into it.

    progress is called with (done, total) while decoding. A picture that cannot be read is an error
    that names it: a fingerprint must stand for the pictures that were used.
    """
    folder = (root or cache_root()) / "packed"
    base = folder / f"{dataset.fingerprint[:32]}-{size}-{fit}"
    images, ids = base.with_suffix(".npy"), base.with_suffix(".json")
    if not (images.exists() and ids.exists()):
        _build(dataset, size, fit, images, ids, progress)
    try:
        mapped = np.load(images, mmap_mode="r", allow_pickle=False)
        names = json.loads(ids.read_text())
    except (ValueError, OSError) as error:
        raise DataError(f"{images}: damaged cache ({error}); delete it and run again") from None
    return Packed(mapped, names, dataset.fingerprint)


def _build(
    dataset: Dataset,
    size: int,
    fit: Fit,
    images: Path,
    ids: Path,
    progress: Callable[[int, int], None] | None,
) -> None:
    total = len(dataset)
    if total == 0:
        notes = ", ".join(f"{key} {value}" for key, value in dataset.notes.items())
        raise DataError(
            f"{dataset.info.title}: split {dataset.split!r} holds no pictures{notes and f' ({notes})'}; "
            "`colorzoo data info` shows what the splits hold"
        )
    names: list[str] = []
    header = np.lib.format.header_data_from_array_1_0(np.empty((0, size, size, 3), np.uint8))
    header["shape"] = (total, size, size, 3)
    with atomic_write(images) as file:
        np.lib.format.write_array_header_1_0(file, header)
        for done, sample in enumerate(dataset, start=1):
            file.write(np.ascontiguousarray(square(sample.image, size, fit)).tobytes())
            names.append(sample.id)
            if progress:
                progress(done, total)
    with atomic_write(ids) as file:
        file.write(json.dumps(names).encode())
