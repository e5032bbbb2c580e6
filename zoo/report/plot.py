"""Axes of a drawing: round ticks, a grid, curves, and labels that keep clear of each other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from colorzoo.report.svg import TEXT, WIDTH, Drawing, shortened, text_width

LINE = 1.45 * TEXT
"""Distance of lines of text."""
GAP, SWATCH = 8.0, 36.0
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True)
class Scale:
    """From values to units: low at start, high at stop."""

    low: float
    high: float
    start: float
    stop: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Return where a value is."""
        low, high, value = (math.log10(v) if self.logarithmic else v for v in (self.low, self.high, value))
        wide = (high - low) or 1.0
        return self.start + (value - low) / wide * (self.stop - self.start)

    def ticks(self, count: int = 5) -> list[float]:
        """Return some round values inside, about `count` of them."""
        return log_ticks(self.low, self.high) if self.logarithmic else ticks(self.low, self.high, count)


@dataclass(frozen=True)
class CountScale(Scale):
    """From counts, which may be 0, to units, logarithmic in one more; its ticks are some of the counts."""

    counts: Sequence[float] = ()

    def __call__(self, value: float) -> float:
        low, high, value = (math.log1p(v) for v in (self.low, self.high, value))
        return self.start + (value - low) / ((high - low) or 1.0) * (self.stop - self.start)

    def ticks(self, count: int = 5) -> list[float]:
        return list(self.counts)


class Plot:
    """Axes in a drawing, between margins; x and y: (low, high) of the values."""

    def __init__(
        self,
        x: tuple[float, float],
        y: tuple[float, float],
        *,
        height: float = 260,
        left: float | None = None,
        logarithmic: bool = False,
        within: tuple[float, float] = (0, WIDTH),
        counts: Sequence[float] = (),
    ) -> None:
        ticked = Scale(*y, 0, 1).ticks() if left is None else []
        wide = max((text_width(plain(tick)) for tick in ticked), default=0) + GAP
        start = within[0] + (wide if left is None else left)
        self.drawing = Drawing(WIDTH, height)
        self.top, self.bottom = (0.0 if ticked == [] else 1.5 * LINE), height - 2.4 * LINE
        stop = within[1] - 2 * GAP
        x_scale = CountScale(*x, start, stop, counts=counts) if counts else None
        self.x = x_scale or Scale(*x, start, stop, logarithmic)
        self.y = Scale(*y, self.bottom, self.top)

    def axes(self, label_x: str, label_y: str) -> None:
        """Draw grid, ticks and labels; that of y stands above, level, where it is read without a turn."""
        for tick, place in self._clear(self.x):
            self.drawing.line(place, self.top, place, self.bottom, "faint")
            self.drawing.text(place, self.bottom + 0.9 * LINE, plain(tick), anchor="middle")
        for tick in self.y.ticks() if label_y else []:
            self.drawing.line(self.x.start, self.y(tick), self.x.stop, self.y(tick), "faint")
            self.drawing.text(self.x.start - GAP, self.y(tick), plain(tick), anchor="end")
        middle = (self.x.start + self.x.stop) / 2
        half = min(text_width(label_x) / 2, WIDTH / 2)
        middle = min(max(middle, half), WIDTH - half)
        self.drawing.text(middle, self.bottom + 1.9 * LINE, shortened(label_x, WIDTH), anchor="middle")
        self.drawing.text(0, 0.5 * LINE, shortened(label_y, WIDTH))

    def curve(self, x: Sequence[float], y: Sequence[float], kind: str, **more: str) -> None:
        """Draw a curve through values."""
        self.drawing.path([(self.x(a), self.y(b)) for a, b in zip(x, y, strict=True)], kind, **more)

    def legend(self, names: Mapping[str, tuple[str, Mapping[str, str]]]) -> None:
        """Write below the axes what each line means: label to its class and attributes."""
        x, y = 0.0, self.drawing.height + 0.5 * LINE
        for name, (kind, more) in names.items():
            short = shortened(name, WIDTH - SWATCH - GAP)
            if x and x + SWATCH + text_width(short) > WIDTH:
                x, y = 0.0, y + LINE
            self.drawing.line(x, y, x + SWATCH - GAP, y, kind, **more)
            self.drawing.text(x + SWATCH, y, short)
            x += SWATCH + text_width(short) + 2 * GAP
        self.drawing.height = y + LINE

    def name_points(self, points: Sequence[tuple[str, float, float, str]]) -> None:
        """Draw points (label, x, y, class) and write their names where nothing else stands."""
        placed = [(name, self.x(x), self.y(y), kind) for name, x, y, kind in points]
        taken = [(x - 6, y - 6, x + 6, y + 6) for _, x, y, _ in placed]
        for name, x, y, kind in placed:
            self.drawing.dot(x, y, kind)
            short = shortened(name, WIDTH / 2)
            box = self._free(x, y, text_width(short), taken)
            taken.append(box)
            if abs((box[1] + box[3]) / 2 - y) > LINE:
                near = min(max(x, box[0]), box[2])
                self.drawing.line(x, y, near, box[3] if box[3] < y else box[1], kind)
            self.drawing.text(box[0], (box[1] + box[3]) / 2, short, kind)

    def _free(self, x: float, y: float, width: float, taken: Sequence[Box]) -> Box:
        """Return the nearest box of a text beside a point that touches nothing; the last tried if none."""
        box = (x, y, x, y)
        for left, middle in _candidates(x, y, width):
            box = (left, middle - TEXT / 2, left + width, middle + TEXT / 2)
            inside = box[0] >= 0 and box[2] <= WIDTH and self.top - GAP <= box[1] and box[3] <= self.bottom
            if inside and not any(touch(box, other) for other in taken):
                break
        return box

    def _clear(self, scale: Scale) -> Iterator[tuple[float, float]]:
        """Yield ticks of x with their places, without those whose text would touch the one before."""
        free = -math.inf
        for tick in scale.ticks():
            half = text_width(plain(tick)) / 2
            if scale(tick) - half >= free:
                free = scale(tick) + half + GAP
                yield tick, scale(tick)


def _candidates(x: float, y: float, width: float) -> Iterator[tuple[float, float]]:
    """Yield left edges and middles of a text around a point, near ones first."""
    for step in range(12):
        for middle in dict.fromkeys((y - step * TEXT * 0.75, y + step * TEXT * 0.75)):
            yield x + GAP, middle
            yield x - GAP - width, middle
            if step > 1:
                yield x - width / 2, middle


def touch(one: Box, other: Box) -> bool:
    """Return whether two boxes have a place in common."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Return multiples of 1, 2 or 5 times a power of ten from low to high; low alone if they are one."""
    if low == high:
        return [low]
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{number * step:.12g}") for number in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Return 1, 2 and 5 times powers of ten between low and high; of many, the powers alone."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    every = [factor * 10.0**power for power in powers for factor in (1, 2, 5)]
    inside = [tick for tick in every if low <= tick <= high]
    return inside if len(inside) <= 7 else inside[::3] if len(inside) <= 21 else inside[::9]


def spread(values: Sequence[float], margin: float = 0.08) -> tuple[float, float]:
    """Return bounds around values, with a margin; never of no width."""
    low, high = min(values), max(values)
    wide = (high - low) or abs(high) or 1.0
    return low - margin * wide, high + margin * wide


def plain(value: float) -> str:
    """Return a tick's number without an exponent within reason."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e7 else f"{value:g}"
