"""The tables of a comparison in Markdown, for papers and documents."""

from __future__ import annotations

from collections.abc import Sequence

from colorzoo.core.compare.results import Method, MetricFacts, Results
from colorzoo.core.errors import UnknownNameError
from colorzoo.report.paper_table import paper_table
from colorzoo.report.wording import (
    arrow,
    best_baseline,
    bounded,
    compared,
    followed,
    hint_counts,
    informed,
    informed_by,
    named,
    not_applicable,
    number,
    over_hints,
    verdict,
)

SHOWN = 8
"""Metrics in a table unless they are named: more do not fit a page."""


def table(results: Results, metrics: Sequence[str] | None = None) -> str:
    """Return protocol, ranking with intervals and costs, and paired differences.

    metrics: the columns; by default the first ones of the results.

    Raises:
        UnknownNameError: the results have no such metric.
    """
    chosen = _chosen(results, metrics)
    sections = [
        _protocol(results),
        _ranking(results, chosen),
        paper_table(results),
        _over_hints(results),
        not_applicable(results),
        _pairs(results),
    ]
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _chosen(results: Results, names: Sequence[str] | None) -> list[MetricFacts]:
    known = {metric.name: metric for metric in results.metrics}
    for name in names or ():
        if name not in known:
            raise UnknownNameError("metric in these results", name, known)
    return [known[name] for name in names] if names else results.metrics[:SHOWN]


def _protocol(results: Results) -> list[str]:
    protocol = results.protocol
    side = f"longest side {protocol.side}" if protocol.side else "full size"
    if protocol.side and protocol.fit != "keep":
        side = f"{protocol.side}x{protocol.side} ({protocol.fit})"
    return [
        f"{len(results.pictures)} pictures of `{protocol.data}`, split {protocol.split}, {side}, "
        f"{protocol.samples} samples, seed {protocol.seed}, fingerprint `{results.fingerprint[:16]}`. "
        "In brackets: 95 % intervals of the mean. Baselines in italics.",
        *followed(results),
        *([informed(results)] if informed(results) else []),
        *([_sequences(results)] if results.sequences else []),
    ]


def _sequences(results: Results) -> str:
    """Return in one sentence which metrics are of whole sequences."""
    names = [metric.name for metric in results.metrics if metric.over == "sequence"]
    return (
        f"{', '.join(names)}: over {len(results.sequences)} sequences in order, one answer of one seed "
        "each; their intervals are resampled over sequences."
    )


def _ranking(results: Results, metrics: Sequence[MetricFacts]) -> list[str]:
    heads = ["method", *(f"{_head(m)} {arrow(m)}" for m in metrics), "ms", "MiB", "M parameters", "GFLOP"]
    told = ["informed by"] if informed(results) else []
    best = {metric.name: best_label(results, metric) for metric in metrics}
    rows = [
        [
            _name(method),
            *(_cell(method, metric, method.label == best[metric.name]) for metric in metrics),
            *_costs(method),
            *([informed_by(method)] if told else []),
        ]
        for method in results.ranking()
    ]
    rule = "|---|" + "---:|" * (len(heads) - 1) + "---|" * len(told)
    return [_line([*heads, *told]), rule, *map(_line, rows)]


def _over_hints(results: Results) -> list[str]:
    """Return the ranking metric by the number of true hints, where several were measured."""
    counts, metric = hint_counts(results), results.metric(results.ranked_by)
    if not counts:
        return []
    heads = [f"{_head(metric)} {arrow(metric)} with true hints a picture", *(f"{n:,.0f}" for n in counts)]
    rows = [[_name(method), *map(bounded, values)] for method, values in over_hints(results)]
    return [_line(heads), "|---|" + "---:|" * len(counts), *map(_line, rows)]


def _head(metric: MetricFacts) -> str:
    """Return a metric's name; one that takes the best of several answers says so."""
    return named(metric) if (metric.best_of or 0) > 1 else metric.name


def _name(method: Method) -> str:
    name = f"*{_plain(method.label)}*" if method.baseline else _plain(method.label)
    return f"{name} (failed on {len(method.failures)})" if method.failures else name


def _cell(method: Method, metric: MetricFacts, best: bool) -> str:
    text = bounded(method.values[metric.name])
    return f"**{text}**" if best else text


def best_label(results: Results, metric: MetricFacts) -> str | None:
    """Return the label of the best method that is no baseline."""
    measured = [
        (value, method.label)
        for method in results.methods
        if not method.baseline and (value := method.values[metric.name].value) is not None
    ]
    choose = max if metric.higher_is_better else min
    return choose(measured)[1] if len(measured) > 1 else None


def _costs(method: Method) -> list[str]:
    cost = method.cost
    parameters = cost.parameters / 1e6 if cost.parameters is not None else None
    return [number(value) for value in (cost.milliseconds, cost.peak_mib, parameters, cost.gflop)]


def _pairs(results: Results) -> list[str]:
    """Return the differences between methods, and to the best baseline."""
    metric = results.metric(results.ranked_by)
    baseline = best_baseline(results)
    labels = {*compared(results), *([baseline.label] if baseline else [])}
    rows = [
        [
            f"{_plain(pair.one)} − {_plain(pair.other)}",
            number(pair.difference),
            f"{number(pair.low)} to {number(pair.high)}",
            f"{pair.wins:.0%}",
            _plain(verdict(pair, metric)),
        ]
        for pair in results.pairs
        if pair.metric == metric.name and {pair.one, pair.other} <= labels
    ]
    heads = [
        f"{_head(metric)}, {metric.over} by {metric.over}",
        "difference",
        "95 % interval",
        "first wins",
        "",
    ]
    return [_line(heads), "|---|---:|---:|---:|---|", *map(_line, rows)] if rows else []


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    """Keep a name from ending a cell."""
    return text.replace("|", "\\|").replace("\n", " ")
