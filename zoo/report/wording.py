"""Numbers and findings in words, for every form of the report."""

from __future__ import annotations

from colorzoo.core.compare.results import Method, MetricFacts, Pair, Results, Value
from colorzoo.core.interfaces.metric import Curve

MIN_PICTURES = 30
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
    """Return in words which way is better."""
    return "higher is better" if metric.higher_is_better else "lower is better"


def arrow(metric: MetricFacts) -> str:
    """Return an arrow in the direction that is better."""
    return "↑" if metric.higher_is_better else "↓"


def note(metric: MetricFacts) -> str:
    """Return of how many answers a metric looks at the best; nothing where it looks at all."""
    if not metric.best_of:
        return ""
    return "one answer" if metric.best_of == 1 else f"best of {metric.best_of}"


def named(metric: MetricFacts) -> str:
    """Return the name of a metric with the answers that count."""
    return f"{metric.name} ({note(metric)})" if note(metric) else metric.name


def better(pair: Pair, metric: MetricFacts) -> str | None:
    """Return the label of the better method; None where no difference is shown."""
    if not pair.shown:
        return None
    return pair.one if (pair.difference > 0) == metric.higher_is_better else pair.other


def verdict(pair: Pair, metric: MetricFacts) -> str:
    """Return in words what a pair shows."""
    if pair.low is None:
        return "too few pictures for an interval"
    winner = better(pair, metric)
    return f"{winner} is better" if winner else "no difference shown"


def finding(pair: Pair, metric: MetricFacts) -> str:
    """Return in one sentence how two methods differ."""
    winner = better(pair, metric)
    interval = f"95 % interval {number(pair.low)} to {number(pair.high)}" if pair.low is not None else ""
    if winner is None:
        return (
            f"{pair.one} against {pair.other}: {verdict(pair, metric)} in {named(metric)} "
            f"(mean difference {number(pair.difference)}{', ' + interval if interval else ''})."
        )
    loser = pair.other if winner == pair.one else pair.one
    fraction = pair.wins if winner == pair.one else 1 - pair.wins - pair.ties
    return (
        f"{winner} is better than {loser} in {named(metric)}, by {number(abs(pair.difference))} in the "
        f"mean ({interval} for {pair.one} minus {pair.other}), and on {fraction:.0%} of the {metric.over}s."
    )


def compared(results: Results) -> list[str]:
    """Return the labels of the methods that are no baselines."""
    return [method.label for method in results.methods if not method.baseline]


def findings(results: Results) -> list[str]:
    """Return what the ranking metric shows between the methods; baselines are yardsticks, no rivals."""
    metric, labels = results.metric(results.ranked_by), set(compared(results))
    pairs = [pair for pair in results.pairs if pair.metric == metric.name]
    return [finding(pair, metric) for pair in pairs if {pair.one, pair.other} <= labels]


def best_baseline(results: Results) -> Method | None:
    """Return the baseline that ranks highest of those that are not told the truth."""
    return next((m for m in results.ranking() if m.baseline and not m.informed), None)


def warnings(results: Results) -> list[str]:
    """Return what a reader must know before believing a number."""
    lines = followed(results) if results.deviations else []
    lines += [informed(results)] if informed(results) else []
    if len(results.pictures) < MIN_PICTURES:
        lines.append(f"Only {len(results.pictures)} pictures: the intervals themselves are rough.")
    if 0 < len(results.sequences) < MIN_PICTURES:
        lines.append(f"Only {len(results.sequences)} sequences: intervals over them are rough.")
    if results.protocol.train_is_measured:
        lines.append(
            "The baselines are fitted on the very pictures that are measured; they look better than they "
            "are. With --split test they are fitted on others, where the source has any."
        )
    lines += [
        f"{method.label} failed on {len(method.failures)} of {len(results.pictures)} pictures; its values "
        "are those of the others, and it is ranked last."
        for method in results.methods
        if method.failures
    ]
    lines += [
        f"{method.label} was trained on pictures of {results.protocol.data}, and split "
        f"{results.protocol.split} holds some of them; --split test holds others."
        for method in results.methods
        if results.protocol.split in ("all", "train") and trained_on(method) == results.protocol.data
    ]
    lines += not_applicable(results)
    if results.left_out:
        lines.append(f"{len(results.left_out)} pictures could not be read and are left out for all.")
    return lines


def followed(results: Results) -> list[str]:
    """Return in one sentence which protocol of a paper was followed, and in what it was not."""
    if results.published is None:
        return []
    told = "; ".join(results.deviations)
    partly = f", not the protocol: {told}. Its figures are no figures of the protocol." if told else "."
    return [f"Protocol {results.published.name} ({results.published.title}){partly}"]


def informed(results: Results) -> str:
    """Return in one sentence what every method was told besides the grey; empty where that is nothing."""
    words = next((method.informed_by for method in results.methods if method.informed_by), "")
    if not words:
        return ""
    alone = f" {results.alone} pictures are alone in their folder: no reference." if results.alone else ""
    drawn = ", drawn from the originals by seed" if results.protocol.simulate else ""
    return f"Informed: every method was given {words}{drawn}.{alone}"


def hint_counts(results: Results) -> list[float]:
    """Return the numbers of true hints that were measured, where they are several."""
    curves = [method.values[results.ranked_by].over_hints for method in results.methods]
    return sorted({x for curve in curves if curve is not None for x in curve.x})


def over_hints(results: Results) -> list[tuple[Method, list[Value]]]:
    """Return by method, in the order of the ranking, the ranking metric at each of `hint_counts`."""
    counts = hint_counts(results)
    curves = [(method, method.values[results.ranked_by].over_hints) for method in results.ranking()]
    return [
        (method, [_at(curve, count) for count in counts])
        for method, curve in curves
        if curve is not None and not method.informed
    ]


def _at(curve: Curve, x: float) -> Value:
    """Return the value of a curve at a place, with its interval."""
    if x not in curve.x:
        return Value(value=None, unit="")
    at = curve.x.index(x)
    low, high = (bounds[at] if bounds else None for bounds in (curve.low, curve.high))
    return Value(value=curve.y[at], low=low, high=high, unit="")


def informed_by(method: Method) -> str:
    """Return what a method was told besides the grey."""
    return "all of the truth" if method.informed else method.informed_by


def trained_on(method: Method) -> str | None:
    """Return the address of what a method was trained on, if it is known."""
    return method.weights.trained_on if method.weights else None


def units_of(results: Results, metric: MetricFacts) -> str:
    """Return how many pictures or sequences a metric has a value of, with the word for them."""
    if metric.over == "sequence":
        return f"{len(results.sequences)} sequences"
    return f"{len(results.pictures)} pictures"


def not_applicable(results: Results) -> list[str]:
    """Return which metrics have no value for some pictures, and for how many."""
    lines = []
    for metric in results.metrics:
        counts = {m.label: m.values[metric.name].not_applicable for m in results.methods}
        shown = [f"{count} of {label}" for label, count in counts.items() if count]
        if shown:
            lines.append(
                f"{metric.name} is not applicable to some of the {units_of(results, metric)}: "
                f"{', '.join(shown)}; its values are those of the others."
            )
    return lines
