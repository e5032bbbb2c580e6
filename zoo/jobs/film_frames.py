"""Colours the frames of a film as a sequence, and goes on where a run was killed, to the same result.

A container that keeps parts of itself (`Container.resume`) is coloured from the first missing frame on.
What the frame before it handed on is kept beside the parts; a colorizer that sees sequences itself looks
at the frames before again.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import safetensors.torch

from colorzoo.core.data.quality import MIN_COLOR_SPREAD, color_spread
from colorzoo.core.errors import ConfigError, DataError, ImageError, printable
from colorzoo.core.files import atomic_write, file_digest
from colorzoo.core.guidance.motion import Carry, Frame
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.inference.memory import release_free_memory
from colorzoo.core.inference.sequence import predict_sequence
from colorzoo.core.interfaces.container import Container
from colorzoo.core.interfaces.dataset import Progress
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.core.interfaces.sequence_colorizer import SequenceColorizer
from colorzoo.jobs.run_result import PageCounts

if TYPE_CHECKING:
    from colorzoo.jobs.book_pages import PageSettings

LOOKED_AT = 9
"""Frames by which is decided whether a film has colour."""
KEPT_STATES = 2
"""The last part may still be being written when the state after it is kept."""


class FilmFrames:
    """The frames of one film on their way through the colorizer."""

    def __init__(
        self, book: Container, settings: PageSettings, folder: Path, progress: Progress, counts: PageCounts
    ) -> None:
        self.book, self.settings, self.progress, self.counts = book, settings, progress, counts
        self.carry, self.first = Carry(), 0
        if book.part_length:
            key = hashlib.sha256(f"{settings.run} {file_digest(book.path)}".encode()).hexdigest()[:40]
            self.folder = folder / key
            self.folder.mkdir(exist_ok=True)
            self.first = book.resume(self.folder)
            self.carry.frame = self._kept_state(self.first)
        counts.colored = counts.before = self.first
        counts.unit = "frame"

    def colored(self) -> Iterator[Picture]:
        """Yield the coloured frames after those that are kept."""
        one, told = self.settings, deque[Guidance]()
        start, number = time.monotonic(), self.first
        if isinstance(one.colorizer, SequenceColorizer):
            number = 0
        frames = self._frames(number, told)
        for prediction in predict_sequence(one.colorizer, frames, one.options, self.carry):
            guidance, number = told.popleft(), number + 1
            if number <= self.first:
                continue
            (colored,) = prediction.pictures(guidance, one.table)
            self.counts.colored = number
            self.counts.seconds = time.monotonic() - start
            if self.book.part_length and number % self.book.part_length == 0:
                self._keep_state(number)
                release_free_memory()
            yield colored

    def _frames(self, after: int, told: deque[Guidance]) -> Iterator[tuple[Picture, Guidance]]:
        total, number = self.book.page_count, after
        for number, page in enumerate(self.book.pages_after(after), start=after + 1):
            self.progress(number - 1, total or 0)
            picture = page.read()
            del page
            told.append(self.settings.guidance.of(None, picture))
            yield picture, told[-1]
        self.progress(number, number)

    def _keep_state(self, count: int) -> None:
        """Keep what the frames behind the first `count` ones start from, before these are a part."""
        if self.carry.frame is None:
            return
        tensors = {name: part.contiguous().cpu() for name, part in self.carry.frame._asdict().items()}
        with atomic_write(self._state(count)) as file:
            file.write(safetensors.torch.save(tensors))
        for path in sorted(self.folder.glob("*.safetensors"))[:-KEPT_STATES]:
            path.unlink()

    def _kept_state(self, count: int) -> Frame | None:
        path = self._state(count)
        return Frame(**safetensors.torch.load(path.read_bytes())) if path.exists() else None

    def _state(self, count: int) -> Path:
        return self.folder / f"{count:09}.safetensors"


def clear_films(folder: Path) -> None:
    """Delete what waits of films in the work folder of one."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)


def require_film(book: Container, recolor: bool, consistent: bool) -> None:
    """Check that a film is to be coloured: most of its frames are without colour, or it is asked for.

    Raises:
        ConfigError: its pages shall agree. DataError: it has colour already.
    """
    name = printable(str(book.path))
    if consistent:
        raise ConfigError(f"--consistent: frames of {name} agree without it; leave it out")
    seen, looked_at = (0, 0) if recolor else colored_frames(book)
    if seen > looked_at / 2:
        raise DataError(f"{name}: has colour already, {seen} of {looked_at} frames looked at; --recolor")


def colored_frames(book: Container) -> tuple[int, int]:
    """Return how many of some frames of a film have colour, and how many were looked at."""
    spreads = [color_spread(picture.rgb) for picture in some_frames(book, LOOKED_AT)]
    return sum(spread >= MIN_COLOR_SPREAD for spread in spreads), len(spreads)


def some_frames(book: Container, count: int) -> Iterator[Picture]:
    """Yield a few pictures from all over a film."""
    for page in islice(book.some_pages(count), count):
        with suppress(ImageError):
            yield page.read()
