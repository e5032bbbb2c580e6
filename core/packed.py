"""Pictures decoded once: a memory-mapped uint8 array per dataset content, size and fit."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import numpy as np
from filelock import FileLock

from colorzoo.core.dataset import Dataset
from colorzoo.core.errors import DataError
from colorzoo.core.images import Pixels, atomic_write, square

Fit = Literal["squash", "crop", "pad"]
IMAGES, INDEX = "images.npy", "index.json"


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
    """Return the dataset's pictures at one size: its own array, the cache's, or decoded into the cache.

    progress is called with (done, total) while decoding. A picture that cannot be read is an error
    that names it: a fingerprint must stand for the pictures that were used.
    """
    ready = dataset.as_packed(size)
    if ready is not None:
        return Packed(*ready, dataset.fingerprint)
    folder = (root or cache_root()) / "packed"
    base = folder / f"{dataset.fingerprint[:32]}-{size}-{fit}"
    images, ids = base.with_suffix(".npy"), base.with_suffix(".json")
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(base.with_suffix(".lock")):  # several processes may want the same
        if not (images.exists() and ids.exists()):
            _build(dataset, size, fit, images, ids, progress)
    return Packed(_mapped(images), json.loads(ids.read_text()), dataset.fingerprint)


def write_packed(folder: Path, source: Path, rows: Sequence[int], ids: Sequence[str], fit: Fit) -> None:
    """Turn a file of uint8 (N, size, size, 3) into a packed folder of some of its rows, with their ids."""
    array = _mapped(source)
    if len(rows) < len(array):
        with atomic_write(folder / IMAGES) as file:
            _write_header(file, len(rows), array.shape[1])
            for row in rows:
                file.write(np.ascontiguousarray(array[row]).tobytes())
    with atomic_write(folder / INDEX) as file:
        file.write(json.dumps({"ids": list(ids), "size": array.shape[1], "fit": fit}).encode())
    if len(rows) < len(array):
        source.unlink()
    else:
        source.replace(folder / IMAGES)  # all of it: no copy


def open_packed(folder: Path) -> tuple[Pixels, list[str]]:
    """Map what `write_packed` wrote."""
    if not (folder / INDEX).is_file():
        raise DataError(
            f"{folder}: no {INDEX}; `colorzoo data prepare SOURCE -o DIR --format packed` makes one"
        )
    images, facts = _mapped(folder / IMAGES), json.loads((folder / INDEX).read_text())
    if len(images) != len(facts["ids"]):
        raise DataError(f"{folder}: {len(images)} pictures but {len(facts['ids'])} ids; prepare it again")
    return images, facts["ids"]


def _mapped(path: Path) -> Pixels:
    try:
        mapped: Pixels = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError) as error:
        raise DataError(f"{path}: damaged cache ({error}); delete it and run again") from None
    return mapped


def _write_header(file: IO[bytes], count: int, size: int) -> None:
    header = np.lib.format.header_data_from_array_1_0(np.empty((0, size, size, 3), np.uint8))
    header["shape"] = (count, size, size, 3)
    np.lib.format.write_array_header_1_0(file, header)


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
    with atomic_write(images) as file:
        _write_header(file, total, size)
        for done, sample in enumerate(dataset, start=1):
            file.write(np.ascontiguousarray(square(sample.image, size, fit)).tobytes())
            names.append(sample.id)
            if progress:
                progress(done, total)
    with atomic_write(ids) as file:
        file.write(json.dumps(names).encode())
