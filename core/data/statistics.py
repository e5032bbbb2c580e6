"""Statistics of decoded pictures, cached until a file changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field, RootModel

from colorzoo.core.errors import DataError, ImageError
from colorzoo.core.files import atomic_write, cache_root, path_id, read_model, stamp_of
from colorzoo.core.imaging.image_io import Pixels, read
from colorzoo.core.interfaces.dataset import Dataset, FileDataset, counted

MEASURED_AT = 128
"""Least side at which the chroma of pictures without a file is measured."""
LOOKING = "looking at the pictures"


class ImageStatistics(NamedTuple):
    """Of one picture: mean chroma of 255, height and width in pixels."""

    chroma: Annotated[float, Field(ge=0, le=255)]
    height: Annotated[int, Field(gt=0)]
    width: Annotated[int, Field(gt=0)]


class Remembered(RootModel[list[ImageStatistics | None]]):
    """The statistics of the files of a dataset, in order; None for one that cannot be read."""


def image_statistics(root: Path, files: Sequence[Path]) -> list[ImageStatistics | None]:
    """Return the statistics of every file, None of a damaged one; cached while no file changes.

    An interrupted look goes on where it was.
    """
    stamps = [(path_id(str(file.relative_to(root))), *stamp_of(file)) for file in files]
    key = hashlib.sha256(json.dumps([path_id(str(root.resolve())), stamps]).encode()).hexdigest()[:32]
    memo = cache_root() / "facts" / f"{key}.json"
    known: list[ImageStatistics | None] = []
    with suppress(DataError):  # never written, or damaged: measured again
        known = read_model(memo, Remembered).root
    if len(known) != len(files):
        known = known if len(known) < len(files) else []
        _measure_on(files, known, memo)
    return known


def _measure_on(files: Sequence[Path], known: list[ImageStatistics | None], memo: Path) -> None:
    """Measure the files that are not known yet; an interruption keeps what is done for the next time."""
    try:
        for file in counted(LOOKING, files[len(known) :]):
            known.append(_measured(file))
    finally:
        with atomic_write(memo) as out:
            out.write(Remembered(known).model_dump_json().encode())


def mean_chroma(image: Pixels) -> float:
    """Return the mean of max(R, G, B) - min(R, G, B) over the pixels, 0 to 255; 0 is grey."""
    red, green, blue = np.moveaxis(image, -1, 0)  # a plane each: numpy is slow along an axis of three
    most = np.maximum(np.maximum(red, green), blue)
    return float((most - np.minimum(np.minimum(red, green), blue)).mean())


def summary(dataset: Dataset) -> dict[str, str]:
    """Return the smallest, median and largest picture, and the mean chroma and how much it varies."""
    rows = dataset_statistics(dataset)
    if not rows:
        return {"width x height": "none", "chroma": "none"}
    sizes = sorted(rows, key=lambda row: row.height * row.width)
    chosen = [sizes[0], sizes[len(sizes) // 2], sizes[-1]]
    chroma = np.array([row.chroma for row in rows])
    low, middle, high = np.percentile(chroma, (5, 50, 95))
    return {
        "width x height": ", ".join(dict.fromkeys(f"{row.width}x{row.height}" for row in chosen)),
        "chroma": f"{middle:.0f} ({low:.0f} to {high:.0f})",
    }


def dataset_statistics(dataset: Dataset) -> list[ImageStatistics]:
    """Return the statistics of every picture; those of files are cached.

    Raises:
        ImageError: a picture cannot be read.
    """
    if isinstance(dataset, FileDataset):
        known = image_statistics(dataset.root, dataset.files)
        return [row or _statistics(read(file).rgb) for row, file in zip(known, dataset.files, strict=True)]
    indices = counted(LOOKING, range(len(dataset)))
    samples = (dataset.load_at_least(index, MEASURED_AT) for index in indices)
    return [ImageStatistics(round(mean_chroma(sample.image), 3), *sample.size) for sample in samples]


def _measured(file: Path) -> ImageStatistics | None:
    try:
        return _statistics(read(file).rgb)
    except ImageError:
        return None


def _statistics(image: Pixels) -> ImageStatistics:
    return ImageStatistics(round(mean_chroma(image), 3), *image.shape[:2])
