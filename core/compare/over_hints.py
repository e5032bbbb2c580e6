"""Comparisons under several numbers of simulated hints: each value as a curve over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from colorzoo.core.compare.evaluator import Task
from colorzoo.core.compare.measurements import MeasurementStore
from colorzoo.core.compare.results import Method, Results, Value
from colorzoo.core.compare.runner import Comparison
from colorzoo.core.interfaces.dataset import Progress
from colorzoo.core.interfaces.metric import Curve
from colorzoo.core.jobs.workers import Each


def compared_over_hints(
    task: Task,
    store: MeasurementStore,
    workers: int = 1,
    progress: Progress | None = None,
    *,
    costs: bool = True,
    each: Each | None = None,
) -> Results | None:
    """Return the results under most hints, with curves where several numbers are simulated.

    None in all but the first of several processes. each: of `Comparison`.

    Raises:
        DataError, PluginError: as in `Comparison`.
    """
    every = list(task.simulation.each())
    parts = []
    for simulation in every:
        comparison = Comparison(_under(task, simulation.text), store, each)
        parts.append(comparison.run(workers, progress, costs=costs and simulation is every[-1]))
    results = [part for part in parts if part is not None]
    if not results or len(every) == 1:
        return results[-1] if results else None
    counts = [max(simulation.hints) for simulation in every]
    methods = [
        _with_curves(method, counts, [part.methods[index] for part in results])
        for index, method in enumerate(results[-1].methods)
    ]
    whole = {"protocol": task.protocol, "fingerprint": task.protocol.fingerprint}
    return results[-1].model_copy(update={**whole, "methods": methods})


def _under(task: Task, simulate: str) -> Task:
    return replace(task, protocol=task.protocol.model_copy(update={"simulate": simulate}))


def _with_curves(method: Method, counts: Sequence[int], measured: Sequence[Method]) -> Method:
    """Return a method with the curve of every value; measured: the method under each number of hints."""
    values = {
        name: value.model_copy(update={"over_hints": _curve(counts, [m.values[name] for m in measured])})
        for name, value in method.values.items()
    }
    return method.model_copy(update={"values": values})


def _curve(counts: Sequence[int], values: Sequence[Value]) -> Curve | None:
    points = [
        (float(n), v.value, v.low, v.high)
        for n, v in zip(counts, values, strict=True)
        if v.value is not None
    ]
    if not points:
        return None
    x, y, low, high = (list(each) for each in zip(*points, strict=True))
    return Curve(over="true hints", x=x, y=y, low=low, high=high)
