"""Lines over steps as an SVG, drawn by hand: no library is needed to look at a training."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

Point = tuple[float, float]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 480, 280, 62, 16, 12, 34
MAX_POINTS = 600
LOGARITHMIC_FROM = 30.0
"""Ratio of the largest to the smallest value from which the axis is logarithmic."""


class Line(NamedTuple):
    """A line: its class in the style sheet, points (x, y), and whether its least point is marked."""

    kind: str
    points: Sequence[Point]
    best: bool = False


def chart(label: str, lines: Sequence[Line]) -> str:
    """Return an SVG of the lines on common axes; label: escaped text for who cannot see it."""
    xs = [x for line in lines for x, _ in line.points]
    ys = [y for line in lines for _, y in line.points]
    logarithmic = min(ys) > 0 and max(ys) / min(ys) >= LOGARITHMIC_FROM
    scale: Callable[[float], float] = math.log10 if logarithmic else float
    across = _placed(min(xs), max(xs), LEFT, WIDTH - RIGHT)
    low, high = scale(min(ys)), scale(max(ys))
    place = _placed(low, high, HEIGHT - BOTTOM, TOP)

    def up(value: float) -> float:
        return place(scale(value))

    heights = _powers(min(ys), max(ys)) if logarithmic else ticks(min(ys), max(ys))
    parts = [_horizontal(up(value), value) for value in heights]
    parts += [_vertical(across(x), x) for x in ticks(min(xs), max(xs)) if x == round(x)]
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - BOTTOM + 22}" text-anchor="end">step</text>')
    parts += [_drawn(line, across, up) for line in lines]
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">{"".join(parts)}</svg>'


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return round numbers between two, about `count` of them."""
    if high <= low:
        return [low]
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw)
    return [n * step for n in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _powers(low: float, high: float) -> list[float]:
    """Return powers of ten between two positive numbers, with their 3-fold where those are few."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    factors = (1, 3) if len(exponents) <= 4 else (1,)
    return [f * 10.0**n for n in exponents for f in factors if low <= f * 10.0**n <= high]


def _placed(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """Return what maps low to start and high to end; the middle if they are one."""
    width = high - low
    return lambda value: start + (end - start) * ((value - low) / width if width > 0 else 0.5)


def _horizontal(y: float, value: float) -> str:
    return (
        f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>'
        f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:.4g}</text>'
    )


def _vertical(x: float, step: float) -> str:
    middle = HEIGHT - BOTTOM + 22
    anchor = "end" if x > WIDTH - RIGHT - 20 else "middle"
    return f'<text x="{x:.1f}" y="{middle}" text-anchor="{anchor}">{step:,.0f}</text>'


def _drawn(line: Line, across: Callable[[float], float], up: Callable[[float], float]) -> str:
    thinned = line.points[:: math.ceil(len(line.points) / MAX_POINTS)]
    path = "L".join(f"{across(x):.1f} {up(y):.1f}" for x, y in thinned)
    alone = f'<circle cx="{across(thinned[0][0]):.1f}" cy="{up(thinned[0][1]):.1f}" r="2"/>'
    text = f'<path class="curve {line.kind}" d="M{path}"/>' if len(thinned) > 1 else alone
    if line.best:
        x, y = min(line.points, key=lambda point: point[1])
        text += f'<circle class="best" cx="{across(x):.1f}" cy="{up(y):.1f}" r="4"/>'
    return text
