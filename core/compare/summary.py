"""Results from measured rows, method by method and picture by picture."""

from __future__ import annotations

import inspect
import math
import platform
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import torch

from colorzoo.core import devices
from colorzoo.core.compare.bootstrap import pairs_of, with_intervals
from colorzoo.core.compare.evaluator import Task
from colorzoo.core.compare.measurements import Measurement
from colorzoo.core.compare.results import (
    ColorizationFailure,
    Cost,
    Environment,
    Method,
    MetricFacts,
    Results,
    Value,
)
from colorzoo.core.errors import DataError, PluginError
from colorzoo.core.interfaces.metric import Metric
from colorzoo.core.interfaces.sequence_metric import SequenceMetric


class UnusableRowError(PluginError):
    """A row of the store is gone or does not fit; measuring again helps."""


@dataclass(frozen=True)
class Summary:
    """What was measured on a task; `rows` yields the rows of a method by its index, one a picture.

    sequence_rows: the same, one a sequence.
    """

    task: Task
    ids: Sequence[str]
    rows: Callable[[int], Iterator[Measurement | None]]
    sequence_rows: Callable[[int], Iterator[Measurement | None]]

    def results(self, costs: Sequence[Cost]) -> Results:
        """Return the results, with intervals and pairs; costs: one a method.

        Raises:
            DataError: no picture can be read.
            UnusableRowError: a row is missing or does not fit.
        """
        left_out = {
            name: row.unreadable
            for name, row in zip(self.ids, self.rows(0), strict=True)
            if row and row.unreadable
        }
        if len(left_out) == len(self.ids):
            raise DataError(f"no picture can be read; the first: {next(iter(left_out.values()))}")
        methods = [self._method(index, left_out, cost) for index, cost in enumerate(costs)]
        samples = self.task.protocol.samples
        columns = [_column(name, cls, methods, samples) for name, cls in self.task.metrics.items()]
        methods = with_intervals(methods)
        return Results(
            fingerprint=self.task.protocol.fingerprint,
            protocol=self.task.protocol,
            runs=[environment(self.task.device)],
            ranked_by=columns[0].name,
            metrics=columns,
            pictures=[name for name in self.ids if name not in left_out],
            sequences=[self.ids[one[0]] for one in self.task.sequences],
            left_out=left_out,
            alone=len(self.ids) - len(self.task.following) if self.task.simulation.reference else 0,
            methods=methods,
            pairs=pairs_of(methods, columns),
        )

    def _method(self, index: int, left_out: Mapping[str, str], cost: Cost) -> Method:
        """Return the summary of one method's rows, in the order of the pictures."""
        method = self.task.methods[index]
        every = {name: _Total(name, cls()) for name, cls in self.task.metrics.items()}
        totals = [total for name, total in every.items() if name not in self.task.over_sequences]
        times: list[float] = []
        failures: list[ColorizationFailure] = []
        for name, row in zip(self.ids, self.rows(index), strict=True):
            if name in left_out:
                continue
            if row is None:
                raise UnusableRowError(f"{method.label}: {name} is not measured")
            for total in totals:
                total.add(None if row.failure else row.states)
            if row.failure:
                failures.append(ColorizationFailure(picture=name, reason=row.failure))
            else:
                times.append(row.milliseconds)
        self._add_sequences(index, [every[name] for name in self.task.over_sequences])
        middle = statistics.median(times) if times else None
        return Method(
            label=method.label,
            plugin=method.plugin,
            distribution=method.distribution,
            baseline=method.baseline,
            deterministic=method.kind.deterministic,
            weights=method.weights,
            options={name: str(value) for name, value in method.options.items()},
            depends=method.depends,
            informed=method.kind.informed,
            informed_by="" if method.kind.informed else self.task.informed_by,
            values={name: total.value() for name, total in every.items()},
            cost=cost.model_copy(update={"milliseconds": middle}),
            failures=failures,
        )

    def _add_sequences(self, index: int, totals: Sequence[_Total]) -> None:
        for number, row in enumerate(self.sequence_rows(index)):
            if row is None:
                first = self.ids[self.task.sequences[number][0]]
                raise UnusableRowError(
                    f"{self.task.methods[index].label}: the sequence of {first} is not measured"
                )
            for total in totals:
                total.add(None if row.failed else row.states)


def environment(device: str) -> Environment:
    """Return the device, platform and versions of this process."""
    resolved = devices.resolve(device)
    name = torch.cuda.get_device_name(resolved) if resolved.type == "cuda" else platform.machine()
    return Environment(
        colorzoo=version("colorzoo"),
        torch=torch.__version__,
        python=platform.python_version(),
        platform=sys.platform,
        device=f"{resolved.type} ({name})",
    )


class _Total:
    """One metric over all pictures of a method; it does not apply to a picture whose state holds NaN."""

    def __init__(self, name: str, metric: Metric) -> None:
        self.name, self.metric = name, metric
        self.measured: list[bool] = []
        self.not_applicable = 0

    def add(self, states: Mapping[str, Mapping[str, Any]] | None) -> None:
        """Add the states of one picture; None if it was not coloured."""
        state = states.get(self.name) if states is not None else None
        if states is not None and state is None:
            raise UnusableRowError(f"metric {self.name!r}: a picture is not measured")
        holds = state is not None and not _holds_nan(state)
        self.measured.append(holds)
        self.not_applicable += state is not None and not holds
        if state is not None and holds:
            try:
                self.metric.merge(state)
            except Exception as error:  # a plugin's own, or a row that somebody changed
                raise UnusableRowError(
                    f"metric {self.name!r}: its state does not merge ({error})"
                ) from None

    def value(self) -> Value:
        """Return the result; `per_image` holds None for pictures without a value.

        Values keep 9 digits: all that a float32 has.
        """
        if not any(self.measured):
            unit = getattr(self.metric, "unit", "")
            return Value(value=None, unit=unit, not_applicable=self.not_applicable)
        result = self.metric.compute()
        per_image = None
        if result.per_image is not None:
            values = iter(result.per_image)
            per_image = [finite(float(f"{next(values):.9g}")) if m else None for m in self.measured]
        lost = sum(self.measured) - sum(v is not None for v in per_image) if per_image else 0
        return Value(
            value=finite(result.value),
            unit=result.unit,
            per_image=per_image,
            curve=result.curve,
            not_applicable=self.not_applicable + lost,
        )


def _holds_nan(state: object) -> bool:
    if isinstance(state, Mapping):
        return any(map(_holds_nan, state.values()))
    if isinstance(state, list):
        return any(map(_holds_nan, state))
    return isinstance(state, float) and math.isnan(state)


def finite(value: float) -> float | None:
    """Return the number, or None for NaN and infinity."""
    return value if math.isfinite(value) else None


def _column(name: str, cls: type[Metric], methods: Sequence[Method], samples: int) -> MetricFacts:
    unit = next((method.values[name].unit for method in methods if method.values[name].unit), "")
    summary = (inspect.getdoc(cls) or name).splitlines()[0]
    return MetricFacts(
        name=name,
        unit=unit,
        higher_is_better=cls.higher_is_better,
        summary=summary,
        best_of=min(cls.best_of, samples),
        asked_once=cls.asked_once,
        over="sequence" if issubclass(cls, SequenceMetric) else "picture",
    )
