"""Pictures decoded once: a memory-mapped uint8 array per dataset content, size and fit."""

from __future__ import annotations

import errno
import io
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

import numpy as np
from filelock import FileLock
from pydantic import Field

from colorzoo.core.config import Strict
from colorzoo.core.data.growing_file import growing
from colorzoo.core.data.packed_guidance import PackedGuidance, packed_guidance
from colorzoo.core.errors import DataError
from colorzoo.core.files import atomic_write, cache_root, read_model
from colorzoo.core.imaging.image_io import Pixels, square
from colorzoo.core.interfaces.dataset import Dataset, Progress

if TYPE_CHECKING:
    from colorzoo.core.interfaces.guidance import Guidance  # which brings torch

Fit = Literal["squash", "crop", "pad"]
IMAGES, INDEX = "images.npy", "index.json"
INDEX_BYTES = 1 << 28


class PackedIndex(Strict):
    """What an array of pictures holds: ids in order, side of the squares, and how they were made square."""

    ids: list[str] = Field(min_length=1)
    size: int = Field(ge=1)
    fit: Fit


@dataclass(frozen=True)
class Packed:
    """Square pictures uint8 (N, size, size, 3), mapped from disk, with their ids; told: see `guidance`."""

    images: Pixels
    ids: list[str]
    fingerprint: str
    told: PackedGuidance | None = None

    def guidance(self, rows: Iterable[int]) -> tuple[Guidance, ...]:
        """Return what the dataset says of the pictures in these rows, hints in pixels of the squares."""
        from colorzoo.core.interfaces.guidance import Guidance

        return tuple(self.told.of(self.ids[row]) if self.told else Guidance() for row in rows)

    def __len__(self) -> int:
        return len(self.images)


def pack(
    dataset: Dataset,
    size: int,
    fit: Fit = "squash",
    *,
    root: Path | None = None,
    progress: Progress | None = None,
) -> Packed:
    """Return the dataset's pictures at one size: its own array, the cache's, or decoded into the cache.

    progress is called with (done, total) while decoding, which goes on where Ctrl-C ended it. A picture
    that cannot be read is an error that names it: a fingerprint must stand for the pictures that were
    used. A damaged cache is made again.
    """
    ready = dataset.packed_array(size)
    if ready is not None:
        return Packed(*ready, dataset.fingerprint, packed_guidance(dataset, size, "squash"))
    folder = (root or cache_root()) / "packed"
    base = folder / f"{dataset.fingerprint[:32]}-{size}-{fit}"
    images, index = base.with_suffix(".npy"), base.with_suffix(".json")
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(base.with_suffix(".lock")):  # several processes may want the same
        try:
            cached = _opened(images, index)
        except DataError:  # absent or damaged
            _build(dataset, size, fit, images, index, progress)
            cached = _opened(images, index)
    return Packed(*cached, dataset.fingerprint, packed_guidance(dataset, size, fit))


def write_packed(folder: Path, source: Path, rows: Sequence[int], ids: Sequence[str], fit: Fit) -> None:
    """Turn a file of uint8 (N, size, size, 3) into a packed folder of some of its rows, with their ids."""
    array = _mapped(source)
    if len(rows) < len(array):
        with atomic_write(folder / IMAGES) as file:
            file.write(_header(len(rows), array.shape[1]))
            for row in rows:
                file.write(np.ascontiguousarray(array[row]).tobytes())
    _write_index(folder / INDEX, ids, array.shape[1], fit)
    if len(rows) < len(array):
        source.unlink()
    else:
        source.replace(folder / IMAGES)  # all of it: no copy


def open_packed(folder: Path) -> tuple[Pixels, list[str]]:
    """Return uint8 (N, size, size, 3), mapped from disk, and the ids that `write_packed` wrote.

    Raises:
        DataError: the folder is no packed one, or damaged.
    """
    if not (folder / INDEX).is_file():
        raise DataError(
            f"{folder}: no {INDEX}; `colorzoo data prepare SOURCE -o DIR --format packed` makes one"
        )
    return _opened(folder / IMAGES, folder / INDEX)


def reserve(path: Path, count: int, size: int) -> None:
    """Make a file with room for uint8 (count, size, size, 3), on the disk; one that is there stays.

    Raises:
        DataError: there is not that much room.
    """
    if is_reserved(path, count, size):
        return
    header = _header(count, size)
    total = len(header) + count * size * size * 3
    try:
        with atomic_write(path) as file:
            file.write(header)
            file.flush()
            _allocate(file.fileno(), total)
    except OSError as error:
        raise DataError(
            f"{path}: no room for {count:,} pictures, {total:,} bytes ({error.strerror}); make room, or "
            "take a smaller --size or --format jpg"
        ) from None


def is_reserved(path: Path, count: int, size: int) -> bool:
    """Say whether `reserve` has made a file, and nobody has cut it."""
    header = _header(count, size)
    if not path.is_file() or path.stat().st_size != len(header) + count * size * size * 3:
        return False
    with path.open("rb") as file:
        return file.read(len(header)) == header


def write_row(file: IO[bytes], index: int, image: Pixels) -> None:
    """Write uint8 (size, size, 3) to its place in a file that `reserve` has made.

    Written, not mapped: a disk that fills is then an OSError, where a mapping kills the process.
    """
    file.seek(len(_header(1, len(image))) + index * image.nbytes)
    file.write(np.ascontiguousarray(image).tobytes())


def _opened(images: Path, index: Path) -> tuple[Pixels, list[str]]:
    """Map an array that its index describes; DataError if one is absent, damaged or not the other's."""
    header = read_model(index, PackedIndex, max_bytes=INDEX_BYTES, advice="prepare it again")
    array = _mapped(images)
    if array.shape[:2] != (len(header.ids), header.size):
        raise DataError(
            f"{images}: {len(array):,} pictures of side {array.shape[1]}, but {len(header.ids):,} ids for "
            f"side {header.size} in {index.name}; prepare it again"
        )
    return array, header.ids


def _mapped(path: Path) -> Pixels:
    """Map uint8 (N, size, size, 3), N at least 1; what the header says is checked before it is believed."""
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            if version != (1, 0):
                raise ValueError(f"version {version}")
            shape, by_column, dtype = np.lib.format.read_array_header_1_0(file)
            start, end = file.tell(), file.seek(0, os.SEEK_END)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}; prepare it again") from None
    except Exception:  # the header is Python text: whatever its parser raises
        raise DataError(f"{path}: damaged, not an array of numpy's; prepare it again") from None
    square = len(shape) == 4 and min(shape) > 0 and shape[1] == shape[2] and shape[3] == 3
    if not square or dtype != np.uint8 or by_column or end - start != math.prod(shape):
        raise DataError(
            f"{path}: {end - start:,} bytes of {dtype} {shape}, expected uint8 (N, size, size, 3); "
            "prepare it again"
        )
    return np.memmap(path, np.uint8, "r", start, shape)


def _header(count: int, size: int) -> bytes:
    """Return what numpy writes before uint8 (count, size, size, 3): 128 bytes, whatever the count."""
    fields = np.lib.format.header_data_from_array_1_0(np.empty((0, 1, 1, 3), np.uint8))
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {**fields, "shape": (count, size, size, 3)})
    return file.getvalue()


def _allocate(handle: int, total: int) -> None:
    """Take the bytes of a file from the disk now, where the system can."""
    try:
        os.posix_fallocate(handle, 0, total)
    except AttributeError:
        os.truncate(handle, total)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise
        os.truncate(handle, total)


def _write_index(path: Path, ids: Sequence[str], size: int, fit: Fit) -> None:
    with atomic_write(path) as file:
        file.write(PackedIndex(ids=list(ids), size=size, fit=fit).model_dump_json().encode())


def _count(dataset: Dataset) -> int:
    """Return the number of pictures; DataError if there are none."""
    if len(dataset) == 0:
        notes = ", ".join(f"{key} {value}" for key, value in dataset.notes.items())
        raise DataError(
            f"{dataset.info.title}: split {dataset.split!r} holds no pictures{notes and f' ({notes})'}; "
            "`colorzoo data info` shows what the splits hold"
        )
    return len(dataset)


def _build(
    dataset: Dataset, size: int, fit: Fit, images: Path, index_file: Path, progress: Progress | None
) -> None:
    total = _count(dataset)
    with growing(images, _header(total, size), size * size * 3) as (file, names):
        if names != (names and _cheap_ids(dataset)[: len(names)]):
            names.clear()  # of a source with another order
            file.truncate(file.seek(len(_header(total, size))))
        rest = (dataset[index] for index in range(len(names), total)) if names else dataset
        for sample in rest:
            file.write(np.ascontiguousarray(square(sample.image, size, fit)).tobytes())
            names.append(sample.id)
            if progress:
                progress(len(names), total)
    _write_index(index_file, names, size, fit)


def _cheap_ids(dataset: Dataset) -> list[str]:
    """Return the ids of a source that knows them without decoding its pictures, else none."""
    return [] if type(dataset).ids is Dataset.ids else dataset.ids()
