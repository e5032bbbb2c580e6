"""The figures of a comparison, as drawings for the page and files for papers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import cycle
from pathlib import Path

from colorzoo.core.compare.results import Method, MetricFacts, Results
from colorzoo.core.files import atomic_write
from colorzoo.core.interfaces.metric import Curve
from colorzoo.report.plot import GAP, LINE, Plot, spread
from colorzoo.report.svg import LIGHT, WIDTH, Drawing, shortened, text_width
from colorzoo.report.wording import direction, hint_counts, named, note

TITLES = {
    "ranking": "Every method with its interval; the table has the numbers",
    "success": "Share of the pictures that are right to within a threshold, for every method",
    "best_of": "Error of the best of k samples, for every method",
    "hints": "Every method by the number of true hints a picture; the table has the numbers",
    "speed": "Quality against milliseconds a picture; the tables have the numbers",
}
DASHES = ("6 3", "2 3", "8 3 2 3", "4 2", "1 4")
"""Of baselines, which share one colour."""
ASIDE = 2.5
"""Units between the intervals of two methods at one x."""
ROUNDS = ("", "9 2", "3 2")
"""Of methods: more of them than colours begin the colours anew."""


def figures(results: Results) -> dict[str, Drawing]:
    """Return the figures for which the results have values, by name."""
    drawers: Mapping[str, Callable[[Results], Drawing | None]] = {
        "ranking": ranking,
        "success": success,
        "best_of": best_of,
        "hints": hints,
        "speed": speed,
    }
    drawn = {name: draw(results) for name, draw in drawers.items()}
    return {name: figure for name, figure in drawn.items() if figure is not None}


def write_figures(drawn: Mapping[str, Drawing], folder: Path) -> list[Path]:
    """Write every figure as SVG and return the files."""
    written = []
    for name, figure in drawn.items():
        written.append(folder / f"{name}.svg")
        with atomic_write(written[-1]) as file:
            file.write(figure.file(TITLES[name]).encode())
    return written


def ranking(results: Results) -> Drawing | None:
    """Draw every method's value of the ranking metric with its interval, the best on top."""
    metric = results.metric(results.ranked_by)
    rows = [(m, v) for m in _within_reach(results) if (v := m.values[metric.name]).value is not None]
    if not rows:
        return None
    ends = [e for _, v in rows for e in (v.value, v.low, v.high) if e is not None]
    names = [shortened(method.label, 0.45 * WIDTH) for method, _ in rows]
    left = max(map(text_width, names)) + 1.5 * GAP
    plot = Plot(spread(ends), (len(rows) - 0.4, -0.6), left=left, height=(len(rows) + 2.6) * 1.15 * LINE)
    plot.axes(_label(metric), "")
    kinds = _kinds(results)
    for row, (name, (method, value)) in enumerate(zip(names, rows, strict=True)):
        y, kind = plot.y(row), kinds[method.label]
        plot.drawing.text(plot.x.start - 1.5 * GAP, y, name, kind, anchor="end")
        if value.low is not None and value.high is not None:
            plot.drawing.line(plot.x(value.low), y, plot.x(value.high), y, kind, stroke_width="2.5")
        plot.drawing.dot(plot.x(value.value or 0.0), y, kind)
    return plot.drawing


def success(results: Results) -> Drawing | None:
    """Draw the share of pictures that are right to within a threshold."""
    return _curves(results, "RMSE below", "share of the pictures with an RMSE below x")


def best_of(results: Results) -> Drawing | None:
    """Draw the error of the best of k samples; a method that always answers the same is a flat line."""
    return _curves(results, "samples", "") if results.protocol.samples > 1 else None


def hints(results: Results) -> Drawing | None:
    """Draw the ranking metric by the number of true hints, where several were measured."""
    counts, metric, looks = hint_counts(results), results.metric(results.ranked_by), _looks(results)
    curves = {
        method.label: curve
        for method in results.ranking()
        if (curve := method.values[metric.name].over_hints) is not None and not method.informed
    }
    if not curves:
        return None
    values = [y for curve in curves.values() for y in curve.y]
    bounds = [b for curve in curves.values() for b in [*(curve.low or ()), *(curve.high or ())]]
    values += [bound for bound in bounds if bound is not None]
    plot = Plot((counts[0], counts[-1]), spread(values, 0.04), counts=counts)
    plot.axes("true hints a picture", _label(metric))
    for number, (name, curve) in enumerate(curves.items()):
        _bounded_curve(plot, curve, ASIDE * (number - (len(curves) - 1) / 2), *looks[name])
    plot.legend({name: looks[name] for name in curves})
    return plot.drawing


def _bounded_curve(plot: Plot, curve: Curve, aside: float, kind: str, more: Mapping[str, str]) -> None:
    """Draw a curve with a dot and its interval at every x, a little aside, so that none hides another."""
    places = [plot.x(x) + aside for x in curve.x]
    heights = [plot.y(y) for y in curve.y]
    plot.drawing.path(list(zip(places, heights, strict=True)), kind, **more)
    for place, low, high in zip(places, curve.low or (), curve.high or (), strict=False):
        if low is not None and high is not None:
            plot.drawing.line(place, plot.y(low), place, plot.y(high), kind, stroke_width="1.3")
    for place, height in zip(places, heights, strict=True):
        plot.drawing.dot(place, height, kind, 2.5)


def speed(results: Results) -> Drawing | None:
    """Draw quality against time."""
    metric = results.metric(results.ranked_by)
    kinds = _kinds(results)
    points = [
        (m.label, m.cost.milliseconds, value, kinds[m.label])
        for m in _within_reach(results)
        if m.cost.milliseconds and (value := m.values[metric.name].value) is not None
    ]
    if len(points) < 2:
        return None
    times, values = [point[1] for point in points], [point[2] for point in points]
    plot = Plot((min(times) / 2, max(times) * 2), spread(values, 0.12), height=320, logarithmic=True)
    plot.axes("milliseconds a picture (median, one thread)", _label(metric))
    plot.name_points(points)
    return plot.drawing


def _within_reach(results: Results) -> list[Method]:
    """Return the ranking, without who is told the truth so far ahead that all others would be one point."""
    ranking, name = results.ranking(), results.ranked_by
    told = {m.label: v for m in ranking if m.informed and (v := m.values[name].value) is not None}
    values = [v for m in ranking if not m.informed and (v := m.values[name].value) is not None]
    if not values:
        return ranking
    low, high = min(values), max(values)
    reach = 2 * (high - low)
    far = {label for label, v in told.items() if reach and not low - reach <= v <= high + reach}
    return [method for method in ranking if method.label not in far]


def _curves(results: Results, over: str, label: str) -> Drawing | None:
    """Draw the curves over something, of the metric whose curves reach farthest, of most samples."""
    reach = {m.name: _reach(results, m.name, over) for m in results.metrics}
    metric = max(results.metrics, key=lambda m: (reach[m.name], m.best_of or 0))
    curves = {m.label: c for m in results.ranking() if (c := m.values[metric.name].curve) is not None}
    if not reach[metric.name]:
        return None
    x = [a for curve in curves.values() for a in curve.x]
    if min(x) == reach[metric.name]:  # one point is no curve
        return None
    plot = Plot((min(x), reach[metric.name]), spread([b for c in curves.values() for b in c.y], 0.04))
    counted = "best of so many samples" if over == "samples" else f"RMSE, {note(metric) or 'best sample'}"
    plot.axes(counted, label or _label(metric))
    looks = _looks(results)
    for name, curve in curves.items():
        kind, more = looks[name]
        once = len(curve.x) == 1  # the same answer whatever the number of samples
        ends = [curve.x[0], reach[metric.name]] if once else curve.x
        plot.curve(ends, curve.y * 2 if once else curve.y, kind, **more)
    plot.legend({name: looks[name] for name in curves})
    return plot.drawing


def _reach(results: Results, metric: str, over: str) -> float:
    """Return the largest x of a metric's curves over something; 0 where it has none."""
    curves = [method.values[metric].curve for method in results.methods]
    return max((max(c.x) for c in curves if c is not None and c.over == over), default=0.0)


def _kinds(results: Results) -> dict[str, str]:
    """Return the class of every method's colour; it stays the same in all figures."""
    compared = [method.label for method in results.methods if not method.baseline]
    chosen = {label: f"method{index % len(LIGHT.methods)}" for index, label in enumerate(compared)}
    return {method.label: chosen.get(method.label, "baseline") for method in results.methods}


def _looks(results: Results) -> dict[str, tuple[str, dict[str, str]]]:
    """Return class and attributes of every method's line: baselines are thin and dashed."""
    kinds, dashes = _kinds(results), cycle(DASHES)
    compared = [method.label for method in results.methods if not method.baseline]
    looks = {}
    for method in results.ranking():
        more = {"stroke_width": "1.3", "stroke_dasharray": next(dashes)} if method.baseline else {}
        if not method.baseline:
            turn = ROUNDS[compared.index(method.label) // len(LIGHT.methods) % len(ROUNDS)]
            more = {"stroke_width": "2.2"} | ({"stroke_dasharray": turn} if turn else {})
        looks[method.label] = (kinds[method.label], more)
    return looks


def _label(metric: MetricFacts) -> str:
    label = f"{named(metric)}, {metric.unit}, {direction(metric)}"
    return label if text_width(label) <= WIDTH else f"{named(metric)}, {direction(metric)}"
