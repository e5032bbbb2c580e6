"""What a comparison says to somebody who has to choose: three lines, and a word for every method."""

from __future__ import annotations

from collections.abc import Sequence

from colorzoo.core.compare.results import Method, MetricFacts, Pair, Results
from colorzoo.report.wording import better, bounded, direction, note, number

NAMED = 6
"""Methods named in a line."""
COLUMNS = 5
"""Metrics in the table that everybody sees."""


def decision(results: Results) -> list[str]:
    """Return who is best when asked once, what the best of several answers changes, and what it costs."""
    return [line for line in (_first(results), _best_of(results), _time(results)) if line]


def best(results: Results) -> Method | None:
    """Return the method that ranks first of those that are compared; None where none has a value."""
    return next(iter(_measured(results, results.ranked_by)), None)


def best_of_several(results: Results) -> MetricFacts | None:
    """Return the metric that stands beside the ranking one: the same, of the best of several answers."""
    return next((m for m in results.metrics if _stands_beside(m, results.ranked_by)), None)


def headline(results: Results) -> list[MetricFacts]:
    """Return the metrics of the first table: the ranking one, the best of several, and some others."""
    ranked, beside = results.metric(results.ranked_by), best_of_several(results)
    leading = [ranked, *([beside] if beside else [])]
    others = [m for m in results.metrics if m not in leading and (m.best_of or 0) <= 1]
    return [*leading, *others][:COLUMNS]


def against(results: Results, method: Method) -> str:
    """Return in a word or two how a method stands to the best one."""
    first = best(results)
    if method.informed:
        return "told the truth"
    if first is None or method.label == first.label:
        return "best" if first else ""
    pair = _pair(results, first.label, method.label)
    if pair is None or pair.low is None:
        return "not known"
    winner = better(pair, results.metric(results.ranked_by))
    return "no difference shown" if winner is None else "worse" if winner == first.label else "better"


def pairs(results: Results) -> list[Pair]:
    """Return the pairs worth a line: not of a method that is told the truth, nor of two baselines."""
    methods = {method.label: method for method in results.methods}
    alone = all(method.baseline for method in results.methods)
    return [
        pair
        for pair in results.pairs
        for one, other in [(methods[pair.one], methods[pair.other])]
        if not (one.informed or other.informed) and (alone or not (one.baseline and other.baseline))
    ]


def _first(results: Results) -> str:
    """Return who ranks first, before whom, and before whom not for sure."""
    metric, methods = results.metric(results.ranked_by), _measured(results, results.ranked_by)
    if not methods:
        return "No method has a value of what ranks."
    first, others = methods[0], methods[1:]
    words = {method.label: against(results, method) for method in others}
    ahead = "is best" if all(word == "worse" for word in words.values()) else "leads"
    value = f"{metric.name} {bounded(first.values[metric.name])}, {direction(metric)}"
    if not others:
        return f"{_lead(metric)}: {first.label} has {value}."
    groups = [
        f"{said} {_list([f'{m.label} ({_value(m, metric)})' for m in others if words[m.label] == word])}"
        for word, said in {
            "worse": "better than",
            "no difference shown": "no difference shown to",
            "not known": "before",
            "better": "but on the same pictures worse than",
        }.items()
        if word in words.values()
    ]
    return f"{_lead(metric)}: {first.label} {ahead}, with {value}; {'; '.join(groups)}."


def _best_of(results: Results) -> str:
    """Return what the best of several answers has, and who has one answer only."""
    metric = best_of_several(results)
    if metric is None or (metric.best_of or 0) < 2:
        return ""
    methods = _measured(results, metric.name)
    several = [m for m in methods if not m.deterministic]
    if not several:
        return "Asked again, each method gives the same answer."
    values = _list([f"{m.label} {_value(m, metric)}" for m in methods])
    single = [m.label for m in methods if m.deterministic]
    always = (
        f"; {_list(single)} always {'answer' if len(single) > 1 else 'answers'} the same" if single else ""
    )
    return f"Best of {metric.best_of} answers, chosen by the truth: {values}{always}."


def _time(results: Results) -> str:
    """Return what a picture costs in time."""
    timed = [m for m in _measured(results, results.ranked_by) if m.cost.milliseconds is not None]
    timed.sort(key=lambda method: method.cost.milliseconds or 0.0)
    told = [f"{m.label} {number(m.cost.milliseconds)}" for m in timed]
    return f"Milliseconds a picture: {_list(told)}." if told else ""


def _measured(results: Results, metric: str) -> list[Method]:
    """Return who is compared and has a value, the best first; baselines only where nobody else is."""
    alone = all(method.baseline for method in results.methods)
    sign = -1 if results.metric(metric).higher_is_better else 1
    methods = [
        (bool(method.failures), sign * value, index, method)
        for index, method in enumerate(results.methods)
        if (not method.baseline or alone) and not method.informed
        if (value := method.values[metric].value) is not None
    ]
    return [method for *_, method in sorted(methods, key=lambda row: row[:3])]


def _stands_beside(metric: MetricFacts, ranked: str) -> bool:
    return metric.name != ranked and metric.asked_once == ranked


def _pair(results: Results, one: str, other: str) -> Pair | None:
    wanted = {one, other}
    known = (p for p in results.pairs if p.metric == results.ranked_by)
    return next((pair for pair in known if {pair.one, pair.other} == wanted), None)


def _lead(metric: MetricFacts) -> str:
    if metric.best_of == 1:
        return "Asked once"
    return note(metric).capitalize() or f"By {metric.name}"


def _value(method: Method, metric: MetricFacts) -> str:
    return number(method.values[metric.name].value)


def _list(names: Sequence[str]) -> str:
    if len(names) > NAMED:
        names = [*names[: NAMED - 1], f"{len(names) - NAMED + 1} more"]
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
