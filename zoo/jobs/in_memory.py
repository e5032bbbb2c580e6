"""Colours pictures that are in memory, and notes how each was made."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import tee
from pathlib import Path
from typing import TypeVar

from colorzoo.core import devices
from colorzoo.core.config import RunOptions, validate
from colorzoo.core.errors import StoppedError
from colorzoo.core.files import file_digest
from colorzoo.core.guidance.chapter_file import read_chapter
from colorzoo.core.imaging.colored import ColoredPicture, ColoringRecord, PictureList
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.inference import colorize as engine
from colorzoo.core.inference.sequence import predict_sequence
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.core.registry import registry

Stop = Callable[[], bool]
"""Returns whether a call is to end."""
Item = TypeVar("Item")


def colored_pictures(
    colorizer: Colorizer,
    pictures: Iterable[Picture],
    guidance: Iterable[Guidance | None],
    batch: int,
    stop: Stop | None,
    options: Mapping[str, object],
    *,
    frames: bool = False,
    chapter: Path | None = None,
) -> Iterator[PictureList[ColoredPicture]]:
    """Yield the samples of each picture with their records; a seed is drawn if none is given.

    guidance: one for each picture, or None. batch: most pictures that go through the network at once.
    stop: asked before every picture and sample. frames: the pictures are frames of a sequence, one by one.
    chapter: file of the table that they agree with.

    Raises:
        ConfigError: an option or the guidance is wrong.
        DataError: the file of the table is absent or damaged.
        StoppedError: `stop` returned True.
    """
    drawn = {"seed": secrets.randbelow(2**31)} if options.get("seed") is None else {}
    chosen = validate(colorizer.Options, {**options, **drawn}, "options")
    told, used = tee(one or Guidance() for one in guidance)
    table, digest = (read_chapter(chapter), file_digest(chapter)) if chapter else (None, None)
    if frames:
        predictions = predict_sequence(colorizer, zip(pictures, told, strict=False), chosen)
    else:
        predictions = engine.predict_many(colorizer, pictures, chosen, told, batch)
    for prediction in _unless(stop, predictions):
        one = next(used)
        made = {"frames": frames, "table_sha256": digest}
        record = record_of(colorizer, chosen, one).model_copy(update=made)
        yield PictureList(
            ColoredPicture.of(sample, record.model_copy(update={"sample": number}))
            for number, sample in enumerate(_unless(stop, prediction.pictures(one, table)))
        )


def _unless(stop: Stop | None, items: Iterator[Item]) -> Iterator[Item]:
    """Yield items, each after asking whether to stop."""
    end = object()
    while True:
        if stop is not None and stop():
            raise StoppedError("stopped, as was asked for")
        if (item := next(items, end)) is end:
            return
        yield item  # type: ignore[misc]  # it is not the end


def record_of(colorizer: Colorizer, options: RunOptions, guidance: Guidance) -> ColoringRecord:
    """Return how the first sample is made."""
    import colorzoo

    info = colorizer.weights_info
    return ColoringRecord(
        model=info.plugin if info else _name_of(type(colorizer)),
        weights=colorizer.weights_source or (info.name if info else None),
        sha256=info.sha256 if info else None,
        options=options.model_dump(mode="json"),
        guidance=guidance.record(),
        sample=0,
        device=str(devices.device_of(colorizer)),
        colorzoo_version=colorzoo.__version__,
    )


def _name_of(kind: type[Colorizer]) -> str:
    """Return the name that a class is registered by, or its own."""
    target = f"{kind.__module__}:{kind.__qualname__}"
    registered = registry().entries["colorizer"].items()
    return next((name for name, item in registered if item.entry.target == target), kind.__name__)
