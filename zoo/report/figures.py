"""The figures of a comparison, by matplotlib: PNG for papers, SVG for the page, light and dark."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from colorzoo.core.compare.results import MetricFacts, Results
from colorzoo.core.errors import MissingExtraError
from colorzoo.core.files import atomic_write
from colorzoo.report.wording import direction

WIDTH = 7.2
DOTS_PER_INCH = 150


@dataclass(frozen=True)
class Theme:
    """Colours of a figure: methods in turn (Okabe and Ito 2008), baselines in one grey."""

    paper: str
    ink: str
    faint: str
    baseline: str
    methods: tuple[str, ...]


LIGHT = Theme(
    "#ffffff", "#2b2b2b", "#dddddd", "#8a8a8a",
    ("#0072b2", "#d55e00", "#009e73", "#a8518a", "#b07d00", "#2f8fc4"),
)  # fmt: skip
DARK = Theme(
    "#17181a", "#e6e6e3", "#3a3b3e", "#8f9094",
    ("#56b4e9", "#f08a4b", "#2fc79a", "#dd8fc0", "#e6b422", "#9bd3f5"),
)  # fmt: skip


def figures(results: Results, theme: Theme = LIGHT) -> dict[str, Any]:
    """Return the figures for which the results have values, by name.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    drawers: Mapping[str, Callable[[Results, Theme], Any]] = {
        "ranking": ranking,
        "success": success,
        "best_of": best_of,
        "speed": speed,
    }
    with _plain_text():
        drawn = {name: draw(results, theme) for name, draw in drawers.items()}
    return {name: figure for name, figure in drawn.items() if figure is not None}


def write_figures(results: Results, folder: Path) -> list[Path]:
    """Write every figure as PNG and return the files. Raises as `figures`."""
    written = []
    for name, figure in figures(results).items():
        written.append(folder / f"{name}.png")
        with atomic_write(written[-1]) as file:
            file.write(png(figure))
    return written


def png(figure: Any) -> bytes:
    """Return a figure as PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS_PER_INCH, facecolor=figure.get_facecolor())
    return buffer.getvalue()


def svg(figure: Any) -> str:
    """Return a figure as SVG, the same for the same results."""
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": "colorzoo"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None}, facecolor=figure.get_facecolor())
    return buffer.getvalue()


def ranking(results: Results, theme: Theme) -> Any:
    """Draw every method's value of the ranking metric with its interval, the best on top."""
    metric = results.metric(results.ranked_by)
    methods = [m for m in results.ranking() if m.values[metric.name].value is not None]
    if not methods:
        return None
    figure, axes = _figure(theme, height=0.9 + 0.32 * len(methods))
    colors = _colors(results, theme)
    for row, method in enumerate(methods):
        value = method.values[metric.name]
        if value.low is not None and value.high is not None:
            axes.plot([value.low, value.high], [row, row], color=colors[method.label], linewidth=2.5)
        axes.plot([value.value], [row], "o", color=colors[method.label], markersize=6)
    axes.set_yticks(range(len(methods)), [m.label for m in methods])
    axes.set_ylim(len(methods) - 0.5, -0.5)
    axes.set_xlabel(_label(metric))
    axes.grid(axis="x", color=theme.faint, linewidth=0.8)
    axes.tick_params(axis="y", length=0)
    return figure


def success(results: Results, theme: Theme) -> Any:
    """Draw the share of pictures that are right to within a threshold."""
    return _curves(results, theme, "RMSE below", "RMSE of the best sample below", "share of the pictures")


def best_of(results: Results, theme: Theme) -> Any:
    """Draw the error of the best of k samples; a method that always answers the same is a flat line."""
    if results.protocol.samples < 2:
        return None
    return _curves(results, theme, "samples", "best of so many samples", "")


def speed(results: Results, theme: Theme) -> Any:
    """Draw quality against time."""
    metric = results.metric(results.ranked_by)
    points = [
        (m, m.cost.milliseconds, value)
        for m in results.methods
        if m.cost.milliseconds and (value := m.values[metric.name].value) is not None
    ]
    if len(points) < 2:
        return None
    figure, axes = _figure(theme, height=4.2)
    colors = _colors(results, theme)
    for method, milliseconds, value in points:
        axes.plot([milliseconds], [value], "o", color=colors[method.label], markersize=7)
    axes.set_xscale("log")
    axes.set_xlabel("milliseconds a picture (median, one thread)")
    axes.set_ylabel(_label(metric))
    axes.margins(x=0.25, y=0.12)
    axes.grid(color=theme.faint, linewidth=0.8)
    axes.xaxis.set_major_formatter(_plain_numbers())
    _name_points(axes, [(m.label, x, y) for m, x, y in points], colors)
    return figure


def _curves(results: Results, theme: Theme, over: str, label: str, unit: str) -> Any:
    """Draw the curves over something, of the metric whose curves reach farthest."""
    reach = {m.name: _reach(results, m.name, over) for m in results.metrics}
    metric = max(results.metrics, key=lambda m: reach[m.name])
    if not reach[metric.name]:
        return None
    figure, axes = _figure(theme, height=3.8)
    colors = _colors(results, theme)
    dashes = iter([(0, (5, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 1)), (0, (1, 3))] * len(colors))
    for method in results.ranking():
        curve = method.values[metric.name].curve
        if curve is None:
            continue
        x, y = curve.x, curve.y
        if len(x) == 1:  # the same answer whatever the number of samples
            x, y = [x[0], reach[metric.name]], [y[0], y[0]]
        style, width = (next(dashes), 1.3) if method.baseline else ("-", 2.2)
        axes.plot(x, y, linestyle=style, color=colors[method.label], linewidth=width, label=method.label)
    axes.set_xlabel(label)
    axes.set_ylabel(unit or _label(metric))
    axes.grid(color=theme.faint, linewidth=0.8)
    axes.margins(x=0.02)
    axes.legend(
        frameon=False, labelcolor=theme.ink, loc="center left", bbox_to_anchor=(1.01, 0.5), fontsize=8.5
    )
    return figure


def _reach(results: Results, metric: str, over: str) -> float:
    """Return the largest x of a metric's curves over something; 0 where it has none."""
    curves = [method.values[metric].curve for method in results.methods]
    return max((max(c.x) for c in curves if c is not None and c.over == over), default=0.0)


def _colors(results: Results, theme: Theme) -> dict[str, str]:
    """Return a colour for every method; it stays the same in all figures."""
    compared = [method.label for method in results.methods if not method.baseline]
    chosen = {label: theme.methods[i % len(theme.methods)] for i, label in enumerate(compared)}
    return {method.label: chosen.get(method.label, theme.baseline) for method in results.methods}


def _label(metric: MetricFacts) -> str:
    return f"{metric.name} ({metric.unit}), {direction(metric)}"


def _name_points(axes: Any, points: list[tuple[str, float, float]], colors: Mapping[str, str]) -> None:
    """Write names beside points; where they would collide, one moves up."""
    axes.figure.canvas.draw()
    taken: list[tuple[float, float, float]] = []
    for label, x, y in sorted(points, key=lambda point: point[2]):
        across, up = axes.transData.transform((x, y))
        length, height = 11.0 * len(label), 22.0
        while any(abs(up - v) < height and across < u + w and u < across + length for u, v, w in taken):
            up += 4
        taken.append((across, up, length))
        position = axes.transData.inverted().transform((across, up))
        axes.annotate(
            label,
            position,
            (8, 0),
            textcoords="offset points",
            va="center",
            color=colors[label],
            fontsize=8.5,
        )


def _figure(theme: Theme, height: float) -> tuple[Any, Any]:
    """Return an empty figure and its axes in the colours of the theme."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained", facecolor=theme.paper)
    axes = figure.subplots()
    axes.set_facecolor(theme.paper)
    axes.tick_params(colors=theme.ink, labelsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(theme.faint)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(theme.ink)
    return figure, axes


def _plain_text() -> AbstractContextManager[None]:
    """Take names as they are: a dollar sign in a path begins no formula."""
    try:
        import matplotlib as mpl
        import matplotlib.figure  # what draws; an installation may lack a part
    except ImportError:
        raise MissingExtraError("the figures of a report", "matplotlib", "report") from None
    context: AbstractContextManager[None] = mpl.rc_context({"text.parse_math": False})
    return context


def _plain_numbers() -> Any:
    from matplotlib.ticker import FuncFormatter

    return FuncFormatter(lambda value, _: f"{value:g}")
