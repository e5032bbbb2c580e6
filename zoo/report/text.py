"""Numbers and verdicts in words, for every form of the report."""

from __future__ import annotations

from colorzoo.core.compare.results import Method, MetricFacts, Pair, Results, Value

FEW = 30
"""Pictures below which a report warns."""


def number(value: float | None) -> str:
    """Return three to four significant digits, never an exponent within reason."""
    if value is None:
        return "–"
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 100:
        return f"{value:.0f}"
    if 0 < size < 1e-4:
        return f"{value:.1e}"
    digits = 2 if size >= 10 or size == 0 else 3 if size >= 1 else 4
    text = f"{value:.{digits}f}"
    return text if size >= 0.1 or size == 0 else f"{value:#.3g}"


def bounded(value: Value) -> str:
    """Return a value with its interval."""
    if value.low is None:
        return number(value.value)
    return f"{number(value.value)} ({number(value.low)} to {number(value.high)})"


def direction(metric: MetricFacts) -> str:
    """Say which way is better."""
    return "higher is better" if metric.higher_is_better else "lower is better"


def arrow(metric: MetricFacts) -> str:
    """Point the way that is better."""
    return "↑" if metric.higher_is_better else "↓"


def better(pair: Pair, metric: MetricFacts) -> str | None:
    """Return the label of the better method; None where no difference is shown."""
    if not pair.shown:
        return None
    return pair.one if (pair.difference > 0) == metric.higher_is_better else pair.other


def verdict(pair: Pair, metric: MetricFacts) -> str:
    """Say in words what a pair shows."""
    if pair.low is None:
        return "too few pictures for an interval"
    winner = better(pair, metric)
    return f"{winner} is better" if winner else "no difference shown"


def finding(pair: Pair, metric: MetricFacts) -> str:
    """Say in one sentence how two methods differ."""
    winner = better(pair, metric)
    interval = f"95 % interval {number(pair.low)} to {number(pair.high)}" if pair.low is not None else ""
    if winner is None:
        return (
            f"{pair.one} against {pair.other}: {verdict(pair, metric)} in {metric.name} "
            f"(mean difference {number(pair.difference)}{', ' + interval if interval else ''})."
        )
    loser = pair.other if winner == pair.one else pair.one
    share = pair.wins if winner == pair.one else 1 - pair.wins - pair.ties
    return (
        f"{winner} is better than {loser} in {metric.name}, by {number(abs(pair.difference))} in the mean "
        f"({interval} for {pair.one} minus {pair.other}), and on {share:.0%} of the pictures."
    )


def compared(results: Results) -> list[str]:
    """Return the labels of the methods that are no controls."""
    return [method.label for method in results.methods if not method.control]


def findings(results: Results) -> list[str]:
    """Return what the ranking metric shows between the methods, and against the best control."""
    metric = results.metric(results.ranked_by)
    labels = compared(results)
    control = best_control(results)
    names = {*labels, control.label} if control else set(labels)
    return [
        finding(pair, metric)
        for pair in results.pairs
        if pair.metric == metric.name and {pair.one, pair.other} <= names
    ]


def best_control(results: Results) -> Method | None:
    """Return the control that ranks highest below perfection: all but the one that knows the truth."""
    ranked = [method for method in results.ranking() if method.control]
    return ranked[1] if len(ranked) > 1 else None


def warnings(results: Results) -> list[str]:
    """Return what a reader must know before believing a number."""
    found = []
    if len(results.pictures) < FEW:
        found.append(f"Only {len(results.pictures)} pictures: the intervals themselves are rough.")
    if results.protocol.train_is_measured:
        found.append(
            "The source has no train split of its own, so the controls are fitted on the very pictures "
            "that are measured; they look better than they are."
        )
    found += [
        f"{method.label} failed on {len(method.failures)} of {len(results.pictures)} pictures; its values "
        "are those of the others, and it is ranked last."
        for method in results.methods
        if method.failures
    ]
    if results.left_out:
        found.append(f"{len(results.left_out)} pictures could not be read and are left out for all.")
    return found
