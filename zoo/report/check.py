"""Whether results may stand on the leaderboard: arithmetic, provenance, protocol, pictures."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from colorzoo.core.compare.bootstrap import pairs_of, per_image, with_intervals
from colorzoo.core.compare.published import PublishedProtocol, protocols
from colorzoo.core.compare.results import Pair, Results

CLOSE = 1e-5
"""Relative difference that rounding may make."""
SHA256 = re.compile(r"[0-9a-f]{64}")
OF_PAIRS = ("difference", "low", "high", "wins", "ties", "pictures")


def problems(results: Results) -> list[str]:
    """Return all that keeps results off the leaderboard, a line each; nothing: they may stand there."""
    return [
        *_protocol(results),
        *_provenance(results),
        *_means(results),
        *_intervals(results),
        *_pairs(results),
    ]


def problems_between(named: Mapping[str, Results]) -> list[str]:
    """Return which results of one protocol and number of pictures measured other pictures than the first.

    named: results by the name that messages call them.
    """
    first: dict[tuple[str, int], str] = {}
    lines = []
    for name, results in named.items():
        if results.published:
            other = first.setdefault((results.published.name, results.protocol.pictures), name)
            if named[other].protocol.data_fingerprint != results.protocol.data_fingerprint:
                lines.append(f"{name}: other pictures than {other}, of the same protocol and number")
    return lines


def _protocol(results: Results) -> Iterator[str]:
    published = results.published
    if published is None:
        yield "it names no protocol; measure with `colorzoo compare --protocol NAME`"
        return
    known = protocols().get(published.name)
    if known is None:
        yield f"protocol {published.name!r} is not known here; install the plugin that brings it"
    elif _measured(known) != _measured(published):
        yield f"protocol {published.name!r} is another here; measure again"
    count = len(results.pictures) + len(results.left_out)
    if count != results.protocol.pictures:
        yield f"it names {results.protocol.pictures:,} pictures, and holds {count:,}"


def _measured(published: PublishedProtocol) -> object:
    return published.settings, published.pictures.count, published.pictures.fingerprint


def _provenance(results: Results) -> Iterator[str]:
    """Yield what is missing of weights, versions, command and machine."""
    if not results.command.startswith("colorzoo compare "):
        yield "its command is not told"
    for number, run in enumerate(results.runs):
        empty = [name for name, text in run.model_dump().items() if not text.strip()]
        if empty:
            yield f"run {number + 1}: {', '.join(empty)} not told"
    for method in results.methods:
        if not 0 <= method.run < len(results.runs):
            yield f"{method.label}: no run {method.run + 1} measured it"
        if not re.search(r" \d", method.distribution):
            yield f"{method.label}: the version of {method.distribution or 'its distribution'} is not told"
        learned = not method.baseline and (method.weights is not None or method.cost.parameters != 0)
        if learned and not (method.weights and SHA256.fullmatch(method.weights.sha256)):
            yield f"{method.label}: the sha256 of its weights is not told"
        if method.weights and not method.weights.license.strip():
            yield f"{method.label}: the licence of its weights is not told"


def _means(results: Results) -> Iterator[str]:
    """Yield the values that are not the mean of their pictures', and what stands in for a failure."""
    for method in results.methods:
        for name, values in per_image(method).items():
            told, present = method.values[name].value, values[~np.isnan(values)]
            mean = float(present.mean()) if len(present) else None
            if not _close(told, mean):
                yield f"{method.label}: {name} is {told}, the mean of its pictures {mean}"


def _intervals(results: Results) -> Iterator[str]:
    for method, again in zip(results.methods, with_intervals(results.methods), strict=True):
        for name in per_image(method):
            told, computed = method.values[name], again.values[name]
            if not (_close(told.low, computed.low) and _close(told.high, computed.high)):
                yield f"{method.label}: the interval of {name} is not that of its pictures"


def _pairs(results: Results) -> Iterator[str]:
    told, computed = _by_names(results.pairs), _by_names(pairs_of(results.methods, results.metrics))
    if told.keys() != computed.keys():
        yield "its pairs are not those of its methods and metrics"
    for names in told.keys() & computed.keys():
        one, other = told[names], computed[names]
        if not all(_close(getattr(one, name), getattr(other, name)) for name in OF_PAIRS):
            yield f"{one.one}, {one.other}: their difference in {one.metric} is not that of their pictures"


def _by_names(pairs: Sequence[Pair]) -> dict[tuple[str, str, str], Pair]:
    return {(pair.metric, pair.one, pair.other): pair for pair in pairs}


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=CLOSE, abs_tol=1e-7)
