"""What a user asks of a run, made into a colorizer, pictures and settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from colorzoo.core.config import from_pairs, parse_pairs
from colorzoo.core.errors import ConfigError, printable
from colorzoo.core.imaging.image_io import SUFFIXES
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.container import WHOLE, VideoOptions
from colorzoo.core.interfaces.dataset import Progress
from colorzoo.jobs import run_one
from colorzoo.jobs.inputs import Inputs, gather
from colorzoo.jobs.models import ModelName, split_model, suited
from colorzoo.jobs.opening import container_of, container_suffix
from colorzoo.jobs.picture_domain import SeenDomain, look
from colorzoo.jobs.run import RunSettings, run
from colorzoo.jobs.run_books import count_pages, run_books
from colorzoo.jobs.run_guidance import NO_GUIDANCE, GuidanceRequest
from colorzoo.jobs.run_result import RunResult


@dataclass(frozen=True)
class RunRequest:
    """The words and options of `colorzoo run`; options of None were not given.

    words: a colorizer and pictures, in any order; `out`: a folder, a file, or - for standard output.

    Raises:
        ConfigError, UnknownNameError, ImageError: something in it cannot be meant.
    """

    words: Sequence[str]
    out: str = "colorized"
    samples: int | None = None
    seed: int | None = None
    weights: str | None = None
    pairs: Sequence[str] = ()
    format: str | None = None
    overwrite: bool = False
    sheet: bool | None = None
    guidance: GuidanceRequest = NO_GUIDANCE
    frames: bool = False
    quality: int | None = None
    mark: bool = True
    recolor: bool = False
    video: VideoOptions = WHOLE

    def __post_init__(self) -> None:
        if not self.words:
            raise ConfigError("no picture named; colorzoo run photo.jpg")
        if self.format is not None and f".{self.format}" not in SUFFIXES:
            expected = ", ".join(suffix[1:] for suffix in SUFFIXES)
            raise ConfigError(f"--format {printable(self.format)}: expected one of {expected}")
        self.guidance.checked()
        if self.is_one_file:
            run_one.check(self.inputs, self.out, self.samples or 1, overwrite=self.overwrite)
            if (self.frames or self.guidance.consistent) and not self._may_be_a_book:
                option = "--frames" if self.frames else "--consistent"
                raise ConfigError(f"{option} -o {printable(self.out)}: for several pictures; give a folder")
        elif run_one.STREAM in self.inputs:
            raise ConfigError(
                "-: standard input goes to one file; give -o FILE, or -o - for standard output"
            )

    @property
    def _may_be_a_book(self) -> bool:
        """Whether the one input can hold several pictures, as far as its name tells."""
        return run_one.STREAM in self.inputs or any(map(container_suffix, self.inputs))

    @cached_property
    def _split(self) -> tuple[ModelName | None, list[str]]:
        return split_model(self.words)

    @property
    def inputs(self) -> list[str]:
        """The words that are no colorizer."""
        return self._split[1]

    @property
    def names_a_colorizer(self) -> bool:
        """Whether a colorizer is among the words; else the pictures decide."""
        return self._split[0] is not None

    @cached_property
    def domain(self) -> SeenDomain:
        """What the pictures are of; standard input is not looked at."""
        if self.is_one_file:
            paths = [Path(name) for name in self.inputs if name != run_one.STREAM]
            return look([], paths) if any(map(container_of, paths)) else look(paths)
        gathered = self.gathered
        return look([path for path, _ in gathered.files], [path for path, _ in gathered.books])

    @property
    def is_one_file(self) -> bool:
        """Whether the output is a file or the standard output."""
        return run_one.is_one_file(self.out)

    @cached_property
    def model(self) -> ModelName:
        """The colorizer, with its weights."""
        named = self._split[0] or suited(self.domain.domain)
        if self.weights and named.weights:
            raise ConfigError(f"{named} and --weights {printable(self.weights)}: name the weights once")
        return ModelName(named.name, named.weights or self.weights)

    @cached_property
    def gathered(self) -> Inputs:
        """The pictures, and what their folders hold besides."""
        return gather(self.inputs)

    @property
    def count(self) -> int:
        """How many pictures there are, pages of books each."""
        if self.is_one_file:
            return count_pages([(Path(name), Path()) for name in self.inputs], self.video) or 1
        return len(self.gathered.files) + count_pages(self.gathered.books, self.video)

    def left_out(self) -> list[str]:
        """Return a line for each reason why files of the folders are not coloured."""
        return [] if self.is_one_file else self.gathered.left_out()

    def run(self, colorizer: Colorizer, progress: Progress = lambda done, total: None) -> RunResult:
        """Colour the pictures."""
        settings = self.settings(colorizer)
        self._check_fit()
        if self.is_one_file:
            source = self.inputs[0]
            return run_one.run_one(colorizer, source, self.out, settings, progress, recolor=self.recolor)
        out, (files, *_, books) = Path(self.out), self.gathered
        if not books:
            return run(colorizer, files, out, settings, progress)
        if not files:
            return run_books(colorizer, books, out, settings, progress, recolor=self.recolor)
        result, after = (
            run(colorizer, files, out, settings, progress),
            partial(_after, len(files), progress),
        )
        if result.interrupted:
            result.total += len(books)
            return result
        return result.joined(run_books(colorizer, books, out, settings, after, recolor=self.recolor))

    def _check_fit(self) -> None:
        """Check that options of pictures meet a picture, and those of videos a video.

        Raises:
            ConfigError: one does not.
        """
        if self.is_one_file:
            pictures = [name for name in self.inputs if not self._may_be_a_book]
        else:
            pictures = [str(path) for path, _ in self.gathered.files]
        if pictures:
            for option in self.video.given():
                raise ConfigError(f"--{option}: {printable(pictures[0])} is no video; leave it out")
        elif not self.is_one_file and (self.format or self.sheet or self.quality):
            option = "--sheet" if self.sheet else "--format" if self.format else "--quality"
            raise ConfigError(f"{option}: books and videos stay what they are; leave it out")

    def settings(self, colorizer: Colorizer) -> RunSettings:
        """Return validated options: of the likeliest colouring, unless samples are asked for."""
        info, named = colorizer.weights_info, self.model
        on_the_hub = info is not None and "/" in named.name
        asked = {"samples": self.samples, **parse_pairs(self.pairs, colorizer.Options), "seed": self.seed}
        asked |= {"quality": self.quality, "mark": None if self.mark else "no"}
        given = {key: value for key, value in asked.items() if value is not None}
        likeliest = {} if "samples" in given else colorizer.single_answer
        options = from_pairs(
            colorizer.Options, self.pairs, "-O", samples=self.samples or 1, seed=self.seed, **likeliest
        )
        weights = named.name if on_the_hub else named.weights
        return RunSettings(
            info.plugin if info and on_the_hub else named.name, options.model_dump(),
            {"weights": weights, **given} if weights else given,
            self.format, self.overwrite, self.sheet, self.guidance, self.frames, self.quality, self.mark,
            self.video,
        )  # fmt: skip


def _after(count: int, progress: Progress, done: int, total: int) -> None:
    """Report the pages of books behind `count` pictures."""
    progress(count + done, count + total)
