"""The results of a comparison: the content of results.json."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import pydantic
from pydantic import Field

from colorzoo.core.compare.consistency import check_names
from colorzoo.core.compare.protocol import Protocol as Protocol
from colorzoo.core.compare.published import PublishedProtocol
from colorzoo.core.config import Strict
from colorzoo.core.errors import ResultsError
from colorzoo.core.files import atomic_write, read_model
from colorzoo.core.interfaces.metric import Curve

FILE = "results.json"
MAX_BYTES = 256_000_000
"""Largest file of results that is read; thousand pictures by 25 metrics and ten methods take 5 MB."""
SAFE_NAME = r"^[\w~-][\w.~-]*\.(jpg|png)$"
"""Names of picture files: no folders, so that foreign results reach nothing outside their own."""

FINITE = pydantic.ConfigDict(allow_inf_nan=False)


class Environment(Strict):
    """Where it was measured."""

    colorzoo: str
    torch: str
    python: str
    platform: str
    device: str


class MetricFacts(Strict):
    """What a column means."""

    name: str
    unit: str
    higher_is_better: bool
    summary: str
    best_of: int | None = Field(
        None, ge=0, description="samples of which the best counts; 0: all count; none: older results"
    )
    asked_once: str = Field("", description="the metric that measures the same of one answer")
    over: Literal["picture", "sequence"] = Field("picture", description="of what it has one value each")


class Value(Strict):
    """One metric of one method: the value, its 95 % interval, and where it comes from."""

    model_config = FINITE

    value: float | None
    low: float | None = None
    high: float | None = None
    unit: str
    per_image: list[float | None] | None = Field(
        None,
        description="of each picture, or sequence if the metric is over these; none: failed",
    )
    curve: Curve | None = None
    over_hints: Curve | None = Field(None, description="values by the number of true hints a picture")
    not_applicable: int = Field(0, ge=0, description="pictures that were coloured, but have no such value")


class Cost(Strict):
    """What one picture costs."""

    model_config = FINITE

    milliseconds: float | None = Field(None, description="median wall time of one picture, warmed up")
    peak_mib: float | None = Field(None, description="most memory of a process that colours one, MiB")
    device_mib: float | None = Field(None, description="most memory taken on an accelerator, MiB")
    parameters: int | None = None
    gflop: float | None = Field(None, description="floating-point operations of one picture, 1e9")


class ColorizationFailure(Strict):
    """A picture that a method did not colour, and why."""

    picture: str
    reason: str


class WeightsUsed(Strict):
    """Which weights a method ran with."""

    name: str
    sha256: str
    license: str
    trained_on: str = ""


class Method(Strict):
    """One colorizer with its weights and options, and what was measured of it."""

    label: str
    plugin: str
    distribution: str
    baseline: bool = False
    deterministic: bool = False
    weights: WeightsUsed | None = None
    options: dict[str, str] = {}
    depends: dict[str, str] = Field(
        {}, description="sha256 by name of what it depends on: code, weights, files of options, members"
    )
    informed: bool = Field(False, description="it was told the true colours")
    informed_by: str = Field(
        "", description="guidance that it had, of the truth or the dataset, as others had"
    )
    run: int = Field(0, description="which of the runs measured it")
    values: dict[str, Value]
    cost: Cost = Cost()
    failures: list[ColorizationFailure] = []


class Pair(Strict):
    """Two methods by one metric, picture by picture: the mean of one minus other."""

    model_config = FINITE

    metric: str
    one: str
    other: str
    difference: float
    low: float | None = Field(None, description="bounds of the 95 % interval; none: too few pictures")
    high: float | None = None
    wins: float = Field(description="share of the pictures on which `one` is better")
    ties: float
    pictures: int

    @property
    def shown(self) -> bool:
        """Whether a difference is shown: the interval leaves out 0."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


class ExampleImage(Strict):
    """An example picture, with the files that show it."""

    picture: str
    reason: Literal["spread", "best", "median", "worst"]
    method: str | None = Field(None, description="whose best, median or worst it is")
    gray: str = Field(pattern=SAFE_NAME)
    original: str = Field(pattern=SAFE_NAME)
    samples: dict[str, list[str]] = Field(description="files by the label of the method")

    @pydantic.field_validator("samples")
    @classmethod
    def _safe(cls, samples: dict[str, list[str]]) -> dict[str, list[str]]:
        import re

        for name in (file for files in samples.values() for file in files):
            if not re.match(SAFE_NAME, name):
                raise ValueError(f"{name!r} is not the plain name of a picture file")
        return samples


class Results(Strict):
    """A whole comparison, or several of the same protocol merged."""

    format: Literal["colorzoo results 1"] = "colorzoo results 1"
    fingerprint: str
    protocol: Protocol
    published: PublishedProtocol | None = Field(None, description="the protocol of a paper that it follows")
    runs: list[Environment]
    command: str = ""
    ranked_by: str
    metrics: list[MetricFacts] = Field(min_length=1)
    pictures: list[str] = Field(min_length=1)
    sequences: list[str] = Field([], description="the first picture of each that was measured as a whole")
    left_out: dict[str, str] = Field({}, description="unreadable pictures, and the reason")
    alone: int = Field(0, ge=0, description="pictures without a next one that could be their reference")
    methods: list[Method] = Field(min_length=1)
    pairs: list[Pair]
    examples: list[ExampleImage] = []

    @pydantic.model_validator(mode="after")
    def _whole(self) -> Results:
        if self.fingerprint != self.protocol.fingerprint:
            raise ValueError("the fingerprint is not that of the protocol: the file was changed")
        check_names(self)
        return self

    @property
    def deviations(self) -> list[str]:
        """In what it differs from the published protocol that it names; nothing: it follows it."""
        if self.published is None:
            return []
        names = [metric.name for metric in self.metrics]
        return self.published.deviations(self.protocol, names)

    def metric(self, name: str) -> MetricFacts:
        """Return the column of a metric."""
        return next(metric for metric in self.metrics if metric.name == name)

    def all_failed(self, method: Method) -> bool:
        """Return whether a method coloured none of the pictures."""
        return len(method.failures) == len(self.pictures)

    def ranking(self) -> list[Method]:
        """Return the methods, the best by `ranked_by` first; those with failures come last."""
        sign = -1 if self.metric(self.ranked_by).higher_is_better else 1

        def order(method: Method) -> tuple[bool, float]:
            ranked = method.values.get(self.ranked_by)
            value = ranked.value if ranked and ranked.value is not None else math.inf * sign
            return bool(method.failures), sign * value

        return sorted(self.methods, key=order)


def write_results(results: Results, path: Path) -> None:
    """Write results.json."""
    with atomic_write(path) as file:
        file.write(results.model_dump_json().encode() + b"\n")


def read_results(path: Path) -> Results:
    """Return the results in a file, or in results.json of a folder.

    Raises:
        ResultsError: the file is absent, too large or damaged.
    """
    path = path / FILE if path.is_dir() else path
    if not path.is_file():
        raise ResultsError(f"{path}: no such file; `colorzoo compare ... -o DIR` writes one")
    return read_model(
        path,
        Results,
        error=ResultsError,
        max_bytes=MAX_BYTES,
        advice="take the one that `colorzoo compare` wrote, or compare again",
    )
