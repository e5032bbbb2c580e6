"""What a user asks of a run, made into a colorizer, pictures and settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from colorzoo.jobs.opening import container_of
from colorzoo.jobs.picture_domain import SeenDomain, look
from colorzoo.jobs.run import PictureProgress, RunSettings, run
from colorzoo.jobs.run_books import count_pages, run_books
from colorzoo.jobs.run_engine import check_engine
from colorzoo.jobs.run_guidance import NO_GUIDANCE, GuidanceRequest
from colorzoo.jobs.run_result import RunResult
from colorzoo.jobs.run_watch import watch


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
    workers: int | None = None
    threads: int | None = None
    retry_failed: bool = False
    watch: bool = False
    engine: str = "local"
    address: str | None = None

    def __post_init__(self) -> None:
        if not self.words:
            raise ConfigError("no picture named; colorzoo run photo.jpg")
        if self.format is not None and f".{self.format}" not in SUFFIXES:
            expected = ", ".join(suffix[1:] for suffix in SUFFIXES)
            raise ConfigError(f"--format {printable(self.format)}: expected one of {expected}")
        self.guidance.checked()
        check_engine(self)
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
        """Whether the one input holds several pictures; of standard input nobody knows."""
        return run_one.STREAM in self.inputs or any(container_of(Path(name)) for name in self.inputs)

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
        return gather(self.inputs, may_be_empty=self.watch)

    @property
    def count(self) -> int:
        """How many pictures there are, pages of books each."""
        if self.is_one_file:
            return count_pages([(Path(name), Path()) for name in self.inputs], self.video) or 1
        return len(self.gathered.files) + count_pages(self.gathered.books, self.video)

    @property
    def is_open(self) -> bool:
        """Whether nobody knows yet what pictures there are."""
        return self.watch or self.engine == "ray"

    @property
    def is_of_one(self) -> bool:
        """Whether there is one picture, and no more to come."""
        return not self.is_open and self.count == 1

    @property
    def subject(self) -> str:
        """What is coloured, in words."""
        if self.is_open:
            return printable(", ".join(self.inputs)) + (", until Ctrl-C" if self.watch else "")
        return f"{self.count:,} picture{'s' * (self.count != 1)}"

    def left_out(self) -> list[str]:
        """Return a line for each reason why files of the folders are not coloured."""
        elsewhere = self.is_one_file or self.engine == "ray"
        return [] if elsewhere else self.gathered.left_out()

    def run(
        self,
        colorizer: Colorizer,
        progress: PictureProgress = lambda done, total, note: None,
        tell: Callable[[RunResult], None] = lambda result: None,
    ) -> RunResult:
        """Colour the pictures; tell: called with what became of those of each round of a watch."""
        settings = self.settings(colorizer)
        if not self.is_open:
            self._check_fit()
        if self.is_one_file:
            source = self.inputs[0]
            return run_one.run_one(
                colorizer, source, self.out, settings, _unnoted(progress), recolor=self.recolor
            )
        if self.engine == "ray":
            from colorzoo.jobs.run_ray import run_ray

            return run_ray(colorizer, self.inputs, self.out, settings, self.address, progress)
        if self.watch:
            return watch(colorizer, self.inputs, Path(self.out), settings, progress, tell)
        return self._run_all(colorizer, settings, progress)

    def _run_all(self, colorizer: Colorizer, settings: RunSettings, progress: PictureProgress) -> RunResult:
        """Colour pictures, then books."""
        out, (files, *_, books) = Path(self.out), self.gathered
        if not books:
            return run(colorizer, files, out, settings, progress)
        result = run(colorizer, files, out, settings, progress) if files else RunResult(0)
        if result.interrupted:
            result.total += len(books)
            return result
        told = partial(_after, len(files), progress)
        result.merge(run_books(colorizer, books, out, settings, told, recolor=self.recolor))
        return result

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
            self.video, self.workers, self.threads, self.retry_failed,
        )  # fmt: skip


def _unnoted(progress: PictureProgress) -> Progress:
    """Return progress that is told nothing besides numbers."""
    return lambda done, total: progress(done, total or 0, "")


def _after(count: int, progress: PictureProgress, done: int, total: int | None) -> None:
    """Report the pages of books behind `count` pictures."""
    progress(count + done, count + (total or 0), "")
