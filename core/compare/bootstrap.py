"""Paired statistics: means over pictures with bootstrap intervals, and who wins how often."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from colorzoo.core.compare.results import Method, MetricFacts, Pair

DRAWS, SEED, BLOCK = 10_000, 0, 1_000_000
LEVEL = 95.0
"""Of the intervals, in per cent."""
MIN_IMAGES_FOR_INTERVAL = 2
"""Pictures from which present is an interval."""
Values = npt.NDArray[np.float64]


def intervals_of(rows: Sequence[Values]) -> list[Values]:
    """Return the interval (2,) of the mean of each row, rows of one length with the same draws."""
    bounds: dict[int, Values] = {}
    for count in {len(row) for row in rows}:
        chosen = [index for index, row in enumerate(rows) if len(row) == count]
        alike = intervals(np.stack([rows[index] for index in chosen]))
        bounds |= dict(zip(chosen, alike, strict=True))
    return [bounds[index] for index in range(len(rows))]


def intervals(values: Values) -> Values:
    """Return the bootstrap percentile interval (V, 2) of the mean of each row (V, N); NaN is left out.

    Pictures are drawn anew with replacement (Efron 1979), the same draws for every row.
    """
    present = ~np.isnan(values)
    filled, weight = np.where(present, values, 0.0), present.astype(np.float64)
    means = []
    with np.errstate(invalid="ignore"):  # a draw may hold none of a row's pictures
        for drawn in _draws(values.shape[1]):
            means.append((drawn @ filled.T) / (drawn @ weight.T))
    tail = (100 - LEVEL) / 2
    bounds = np.nanpercentile(np.concatenate(means), [tail, 100 - tail], axis=0).T
    bounds[present.sum(1) < MIN_IMAGES_FOR_INTERVAL] = np.nan
    return np.asarray(bounds)


def _draws(count: int) -> Iterator[Values]:
    """Yield how often every picture was drawn, (draws, count) in blocks that bound the memory."""
    rng = np.random.default_rng(SEED)
    block = max(1, min(DRAWS, BLOCK // count))
    for start in range(0, DRAWS, block):
        size = min(block, DRAWS - start)
        indices = rng.integers(0, count, (size, count)) + np.arange(size)[:, None] * count
        yield np.bincount(indices.ravel(), minlength=size * count).reshape(size, count).astype(np.float64)


def with_intervals(methods: Sequence[Method]) -> list[Method]:
    """Return the methods with the interval of every value that has one value a picture."""
    keys = [(m, name) for m, method in enumerate(methods) for name in per_image(method)]
    if not keys:
        return list(methods)
    bounds = dict(zip(keys, intervals_of([per_image(methods[m])[name] for m, name in keys]), strict=True))

    def bounded(m: int, method: Method) -> Method:
        values = {
            name: value.model_copy(update={"low": low, "high": high})
            for name, value in method.values.items()
            for low, high in [_plain(bounds.get((m, name)))]
        }
        return method.model_copy(update={"values": values})

    return [bounded(m, method) for m, method in enumerate(methods)]


def pairs_of(methods: Sequence[Method], metrics: Sequence[MetricFacts]) -> list[Pair]:
    """Compare every two methods by every metric that has one value a picture."""
    known = {method.label: per_image(method) for method in methods}
    rows = [
        (metric, one.label, other.label, known[one.label][metric.name] - known[other.label][metric.name])
        for metric in metrics
        for one, other in combinations(methods, 2)
        if metric.name in known[one.label] and metric.name in known[other.label]
    ]
    rows = [row for row in rows if not np.isnan(row[3]).all()]
    if not rows:
        return []
    bounds = intervals_of([row[3] for row in rows])
    return [_pair(*row, *_plain(bound)) for row, bound in zip(rows, bounds, strict=True)]


def per_image(method: Method) -> dict[str, Values]:
    """Return the values (N,) of every metric that has one a picture or sequence; NaN where it failed."""
    return {
        name: np.array(value.per_image, np.float64)
        for name, value in method.values.items()
        if value.per_image is not None
    }


def _pair(
    metric: MetricFacts, one: str, other: str, difference: Values, low: float | None, high: float | None
) -> Pair:
    both = difference[~np.isnan(difference)]
    better = both > 0 if metric.higher_is_better else both < 0
    return Pair(
        metric=metric.name,
        one=one,
        other=other,
        difference=float(both.mean()),
        low=low,
        high=high,
        wins=float(better.mean()),
        ties=float((both == 0).mean()),
        pictures=len(both),
    )


def _plain(bound: Values | None) -> tuple[float | None, float | None]:
    if bound is None or np.isnan(bound).any():
        return None, None
    return float(bound[0]), float(bound[1])
