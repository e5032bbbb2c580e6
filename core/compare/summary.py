"""From rows to results: one contestant after the other, one picture after the other."""

from __future__ import annotations

import inspect
import math
import platform
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import torch

from colorzoo.core import devices
from colorzoo.core.compare.examiner import Task
from colorzoo.core.compare.results import (
    Cost,
    Environment,
    Failure,
    Method,
    MetricFacts,
    Results,
    Value,
)
from colorzoo.core.compare.statistics import pairs_of, with_intervals
from colorzoo.core.compare.store import Row
from colorzoo.core.errors import DataError
from colorzoo.core.metric import Metric


@dataclass(frozen=True)
class Summary:
    """What was measured on a task; `rows` yields a contestant's rows by its place, one a picture."""

    task: Task
    ids: Sequence[str]
    rows: Callable[[int], Iterator[Row | None]]

    def results(self, costs: Sequence[Cost]) -> Results:
        left_out = {
            name: row.unreadable
            for name, row in zip(self.ids, self.rows(0), strict=True)
            if row and row.unreadable
        }
        if len(left_out) == len(self.ids):
            raise DataError(f"no picture can be read; the first: {next(iter(left_out.values()))}")
        methods = [self._method(place, left_out, cost) for place, cost in enumerate(costs)]
        facts = [_facts(name, kind, methods) for name, kind in self.task.metrics.items()]
        methods = with_intervals(methods)
        return Results(
            fingerprint=self.task.protocol.fingerprint,
            protocol=self.task.protocol,
            runs=[environment(self.task.device)],
            ranked_by=facts[0].name,
            metrics=facts,
            pictures=[name for name in self.ids if name not in left_out],
            left_out=left_out,
            methods=methods,
            pairs=pairs_of(methods, facts),
        )

    def _method(self, place: int, left_out: Mapping[str, str], cost: Cost) -> Method:
        """Bring together the rows of one contestant, in the order of the pictures."""
        contestant = self.task.contestants[place]
        totals = {name: kind() for name, kind in self.task.metrics.items()}
        times: list[float] = []
        failures: list[Failure] = []
        done: list[bool] = []
        for name, row in zip(self.ids, self.rows(place), strict=True):
            if name in left_out or row is None:
                continue
            done.append(not row.failure)
            if row.failure:
                failures.append(Failure(picture=name, reason=row.failure))
                continue
            times.append(row.milliseconds)
            for metric, total in totals.items():
                total.merge(row.states[metric])
        middle = statistics.median(times) if times else None
        return Method(
            label=contestant.label,
            plugin=contestant.plugin,
            distribution=contestant.distribution,
            control=contestant.control,
            deterministic=contestant.kind.deterministic,
            weights=contestant.weights,
            options={name: str(value) for name, value in contestant.options.items()},
            values={name: _value(total, done) for name, total in totals.items()},
            cost=cost.model_copy(update={"milliseconds": middle}),
            failures=failures,
        )


def environment(device: str) -> Environment:
    """Describe this machine and the versions that matter."""
    place = devices.resolve(device)
    name = torch.cuda.get_device_name(place) if place.type == "cuda" else platform.machine()
    return Environment(
        colorzoo=version("colorzoo"),
        torch=torch.__version__,
        python=platform.python_version(),
        platform=sys.platform,
        device=f"{place.type} ({name})",
    )


def _value(total: Metric, done: Sequence[bool]) -> Value:
    """Return the result, its values a picture at the places of the pictures that were coloured.

    They keep 9 digits: all that a float32 has.
    """
    if not any(done):
        return Value(value=None, unit=getattr(total, "unit", ""))
    result = total.compute()
    per_picture = None
    if result.per_image is not None:
        found = iter(result.per_image)
        per_picture = [finite(float(f"{next(found):.9g}")) if there else None for there in done]
    return Value(value=finite(result.value), unit=result.unit, per_picture=per_picture, curve=result.curve)


def finite(value: float) -> float | None:
    """Return the number, or None where it is none."""
    return value if math.isfinite(value) else None


def _facts(name: str, kind: type[Metric], methods: Sequence[Method]) -> MetricFacts:
    unit = next((method.values[name].unit for method in methods if method.values[name].unit), "")
    summary = (inspect.getdoc(kind) or name).splitlines()[0]
    return MetricFacts(name=name, unit=unit, higher_is_better=kind.higher_is_better, summary=summary)
