"""What a training shows: its plan, a line that is alive, and a line for everything that was reached."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table

from colorzoo.cli.progress import PLAIN_SECONDS, clock, first_process
from colorzoo.core.training.listener import PlannedStage, TrainingListener

if TYPE_CHECKING:
    from colorzoo.core.interfaces.dataset import Progress
    from colorzoo.core.interfaces.stage import Stage
    from colorzoo.jobs.train import TrainJob

DRAWINGS_A_SECOND = 2
WINDOW_SECONDS = 20.0
"""Over which the rate of steps is measured."""


class TrainingView(TrainingListener):
    """Shows a training on stderr; a context manager.

    On a terminal a thread of its own draws the line, so that a step of a minute is no silence. Elsewhere a
    plain line is printed every ten seconds. Of several processes the first alone shows anything.
    """

    def __init__(self) -> None:
        self.job: TrainJob | None = None
        self.doing = "starting"
        """What is under way, in words."""
        self._done: tuple[int, int | None] = (0, None)
        self._steps: deque[tuple[float, int]] = deque()
        self._stages: list[PlannedStage] = []
        self._loss: float | None = None
        self._unit = "steps"
        self._best: tuple[float, int] | None = None
        self._began = self._printed = time.monotonic()
        self._estimated = False
        self._console = Console(stderr=True, quiet=not first_process(), highlight=False)
        self._alive = self._console.is_terminal and first_process()
        self._live = Live(
            console=self._console, get_renderable=self._line, refresh_per_second=DRAWINGS_A_SECOND,
            transient=True, redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip

    def __enter__(self) -> TrainingView:
        if self._alive:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._alive:
            self._live.stop()

    def opening(self, name: str, data: str) -> None:
        """Say at once what was understood, to somebody who looks on; torch is still to be loaded."""
        self._shown(f"reading {data}")
        if self._alive:
            self.say(f"training {name} on {data}")

    def report(self, name: str) -> Progress:
        """Return what is called with how much is done of a work before the first step."""
        return partial(self._progress, name)

    def planned(self, stages: Sequence[Stage], device: str) -> None:
        import torch

        if self.job is None:
            return
        pictures = len(self.job.dataset)
        self._stages = [PlannedStage.of(stage, pictures) for stage in stages]
        on = f"{device}, {torch.get_num_threads()} threads" if device == "cpu" else device
        self.say(
            f"plan: {self.job.plugin} on {pictures:,} pictures ({self.job.split}) of {self.job.address}"
        )
        for stage in self._stages:
            self.say(
                f"  {stage.name}: {stage.steps:,} steps of {stage.batch_size} pictures at "
                f"{stage.size}x{stage.size}"
            )
        limit = f", {self.job.run.minutes:g} minutes at most" if self.job.run.minutes else ""
        self.say(f"  device: {device and on}; into: {self.job.out}{limit}")

    def started(self, stage: str, step: int) -> None:
        if step:
            self.say(f"{stage}: goes on after step {step:,}")
        self._steps.clear()
        self._loss, self._best, self._unit, self._began = None, None, "steps", time.monotonic()
        self._shown(stage)

    def stepped(self, stage: str, step: int, total: int, loss: float) -> None:
        now = time.monotonic()
        self._loss = loss if self._loss is None else self._loss + 0.05 * (loss - self._loss)
        self._count(now, step)
        self._shown(stage, step, total)
        self._estimate(step)
        if not self._alive and now - self._printed >= PLAIN_SECONDS:
            self.say(self._text())

    def validated(self, stage: str, step: int, loss: float) -> None:
        if self._best is None or loss <= self._best[0]:
            self._best = (loss, step)
        self.say(self._text(f"validation {loss:.4g}"))

    def finished(self, stage: str, step: int) -> None:
        self.say(f"{stage}: done, {step:,} steps in {clock(time.monotonic() - self._began)}")

    def previewed(self, path: Path) -> None:
        self.say(f"preview: {path}")

    def out_of_time(self, stage: str, step: int, total: int) -> None:
        self.say(f"{stage}: its share of the minutes is over, ends at step {step:,} of {total:,}")

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self._printed = time.monotonic()
        self._console.print(text, markup=False, soft_wrap=True)

    def _progress(self, name: str, done: int, total: int) -> None:
        if name != self.doing:
            self._steps.clear()
            self._loss, self._best, self._unit = None, None, "pictures"
        self._count(time.monotonic(), done)
        self._shown(name, done, total)
        if not self._alive and time.monotonic() - self._printed >= PLAIN_SECONDS:
            self.say(f"{name}: {done:,} of {total:,}, {self._note()}")

    def _count(self, now: float, done: int) -> None:
        """Take in how much is done, for the rate of late."""
        self._steps.append((now, done))
        while now - self._steps[0][0] > WINDOW_SECONDS and len(self._steps) > 2:
            self._steps.popleft()

    def _shown(self, doing: str, done: int = 0, total: int | None = None) -> None:
        self.doing, self._done = doing, (done, total)

    def _estimate(self, step: int) -> None:
        """Say once how long all of it will take, when a few steps have shown it."""
        if not self._estimated and len(self._steps) >= 5 and time.monotonic() - self._began >= 3:
            self._estimated = True
            left = self._seconds_left()
            if left is not None:
                self.say(f"estimated: {clock(left)} more, by the first {step:,} steps")

    def _rate(self) -> float | None:
        """Return steps a second, of late."""
        if len(self._steps) < 2:
            return None
        (since, first), (until, last) = self._steps[0], self._steps[-1]
        return (last - first) / (until - since) if until > since else None

    def _seconds_left(self) -> float | None:
        """Return the time that this stage and the later ones take, at this stage's pictures a second."""
        rate, (done, total) = self._rate(), self._done
        if not rate or total is None:
            return None
        names = [stage.name for stage in self._stages]
        at = names.index(self.doing) if self.doing in names else len(names) - 1
        later = sum(stage.steps * stage.batch_size for stage in self._stages[at + 1 :])
        seconds = (total - done) / rate + (later / self._stages[at].batch_size / rate if later else 0)
        minutes = self.job.run.minutes if self.job else None
        return min(seconds, minutes * 60) if minutes else seconds

    def _note(self, more: str = "") -> str:
        """Return loss, validation, rate and time left, as far as they are known."""
        rate, left = self._rate(), self._seconds_left()
        parts = [
            "" if self._loss is None else f"loss {self._loss:.4g}",
            more,
            "" if self._best is None else f"best {self._best[0]:.4g} at {self._best[1]:,}",
            "" if rate is None else f"{rate:.3g} {self._unit}/s",
            f"{clock(left)} left" if left and left >= 1 else "",
        ]
        return ", ".join(part for part in parts if part)

    def _text(self, more: str = "") -> str:
        done, total = self._done
        note = self._note(more)
        return f"{self.doing}: step {done:,} of {total or 0:,}{note and f', {note}'}"

    def _line(self) -> Table | Spinner:
        """Return the line that is alive: a bar where an end is known."""
        done, total = self._done
        if total is None:
            return Spinner("line", self.doing)
        table = Table.grid(padding=(0, 1))
        bar = ProgressBar(total, done, width=max(8, min(40, self._console.width - 68)))
        table.add_row(self.doing, bar, f"{done:,}/{total:,}", self._note() if self._steps else "")
        for column in table.columns:
            column.no_wrap = True
        return table


def tell(text: str) -> None:
    """Print to stderr, from the first of several processes."""
    if first_process():
        print(f"colorzoo: {text}", file=sys.stderr, flush=True)
