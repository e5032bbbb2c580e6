"""Whether the parts of results fit each other: they may come from strangers, or from an editor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from colorzoo.core.compare.results import Method, Results


def check_names(results: Results) -> None:
    """Check that every name stands for something, once.

    Raises:
        ValueError: it does not.
    """
    metrics, labels = [m.name for m in results.metrics], [m.label for m in results.methods]
    _unique(metrics, "metrics")
    _unique(labels, "methods")
    _unique(results.pictures, "pictures")
    _known([results.ranked_by, *(pair.metric for pair in results.pairs)], metrics, "metric")
    _known([name for pair in results.pairs for name in (pair.one, pair.other)], labels, "method")
    _known([show.picture for show in results.examples], results.pictures, "picture")
    counts = {
        m.name: len(results.sequences if m.over == "sequence" else results.pictures)
        for m in results.metrics
    }
    for method in results.methods:
        _known([failure.picture for failure in method.failures], results.pictures, "picture")
        _check_values(method, metrics, counts)


def _unique(names: Sequence[str], what: str) -> None:
    if len(set(names)) < len(names):
        raise ValueError(f"{what}: a name comes twice")


def _known(names: Iterable[str], known: Iterable[str], what: str) -> None:
    unknown = set(names) - set(known)
    if unknown:
        raise ValueError(f"no {what} is named {min(unknown)!r}")


def _check_values(method: Method, metrics: Sequence[str], counts: Mapping[str, int]) -> None:
    """Check that a method has a value of every metric, and one of every picture or sequence."""
    if set(method.values) != set(metrics):
        raise ValueError(f"{method.label!r} has other values than those of the metrics")
    for name, value in method.values.items():
        if value.per_image is not None and len(value.per_image) != counts[name]:
            raise ValueError(f"{method.label!r}: {name} has not one value a picture or sequence")
        curves = [curve for curve in (value.curve, value.over_hints) if curve is not None]
        bounds = [bound for curve in curves for bound in (curve.low, curve.high) if bound is not None]
        fits = [0 < len(curve.x) == len(curve.y) for curve in curves]
        if not all(fits) or {len(bound) for bound in bounds} - {len(curve.x) for curve in curves}:
            raise ValueError(f"{method.label!r}: the curve of {name} has not one y for every x")
