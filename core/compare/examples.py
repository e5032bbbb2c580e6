"""Example pictures: some spread over all, and every method's best, median and worst."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from colorzoo.core.compare.evaluator import Evaluator, Task
from colorzoo.core.compare.method import ComparedMethod
from colorzoo.core.compare.results import ExampleImage, Method, Results
from colorzoo.core.devices import limited_threads
from colorzoo.core.imaging.image_io import Picture, resize, write
from colorzoo.core.interfaces.dataset import counted

SPREAD, SAMPLES = 6, 5
"""Pictures spread over all, and samples shown of each."""
LARGEST, QUALITY = 640, 85
"""Longest side of what is shown, in pixels, and JPEG quality: all of it goes into one file."""
Reason = Literal["spread", "best", "median", "worst"]
Choice = tuple[str, Reason, str | None]


def write_examples(task: Task, results: Results, folder: Path) -> Results:
    """Colour the chosen pictures again, write them as JPEG files; return the results with them."""
    evaluator = Evaluator(task)
    compared = [c for c in task.methods if not c.baseline] or task.methods
    shown = {c.label: c for c in compared}
    indices = {name: index for index, name in enumerate(task.dataset.ids())}
    examples = []
    with limited_threads(1):
        choices = counted("colouring examples", list(chosen(results, list(shown))))
        for number, (name, reason, label) in enumerate(choices):
            methods = [shown[label]] if label else list(shown.values())
            picture = evaluator.fitted(task.dataset[indices[name]])
            writer = _ExampleWriter(evaluator, folder, f"{number:02}", methods)
            examples.append(writer.write(name, picture, reason, label))
    return results.model_copy(update={"examples": examples})


def chosen(results: Results, labels: Sequence[str]) -> Iterator[Choice]:
    """Yield picture, reason and method."""
    names = results.pictures
    for index in np.unique(np.linspace(0, len(names) - 1, min(SPREAD, len(names))).round().astype(int)):
        yield names[index], "spread", None
    for method in results.methods:
        if method.label in labels:
            yield from _extremes(results, method)


def _extremes(results: Results, method: Method) -> Iterator[Choice]:
    by_picture = method.values and results.metric(results.ranked_by).over == "picture"
    values = method.values[results.ranked_by].per_image if by_picture else None
    measured = [(value, index) for index, value in enumerate(values or []) if value is not None]
    if not measured:
        return
    ordered = sorted(measured, reverse=results.metric(results.ranked_by).higher_is_better)
    for reason, rank in (("best", 0), ("median", len(ordered) // 2), ("worst", -1)):
        yield results.pictures[ordered[rank][1]], reason, method.label  # type: ignore[misc]  # a literal


class _ExampleWriter:
    """Writes the files of one example."""

    def __init__(
        self, evaluator: Evaluator, folder: Path, prefix: str, methods: Sequence[ComparedMethod]
    ) -> None:
        self.evaluator, self.folder, self.prefix, self.methods = evaluator, folder, prefix, methods

    def write(self, name: str, picture: Picture, reason: Reason, label: str | None) -> ExampleImage:
        gray = np.repeat(picture.gray[..., None], 3, 2)
        return ExampleImage(
            picture=name,
            reason=reason,
            method=label,
            gray=self._file("grey", Picture(gray)),
            original=self._file("original", picture),
            samples={c.label: self._samples(c, name, picture) for c in self.methods},
        )

    def _samples(self, method: ComparedMethod, name: str, picture: Picture) -> list[str]:
        try:
            colored = self.evaluator.colorings(method, name, picture)
        except Exception:  # the results hold the reason
            return []
        return [
            self._file(f"{method.label}-{number}", sample)
            for number, sample in enumerate(colored[:SAMPLES], start=1)
        ]

    def _file(self, label: str, picture: Picture) -> str:
        name = f"{self.prefix}-{re.sub(r'[^A-Za-z0-9]+', '-', label).strip('-')}.jpg"
        height, width = picture.rgb.shape[:2]
        scale = LARGEST / max(height, width)
        if scale < 1:
            picture = Picture(resize(picture.rgb, round(width * scale), round(height * scale)))
        write(self.folder / name, picture, quality=QUALITY)
        return name
