"""Drawings as SVG, by hand: shapes with classes, whose colours are in a style sheet, light and dark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

TEXT = 13
"""Height of letters, in units of a drawing; one is 440 wide, so that a telephone shows them legibly."""
WIDTH, GUTTER, MARGIN = 440, 24, 8
NARROW, WIDE = "fijlrtI.,:;'|!()[]/ ", "mwMWGOQ@%…"
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif'


@dataclass(frozen=True)
class Theme:
    """Colours of a drawing: methods in turn (Okabe and Ito 2008), baselines in one grey."""

    paper: str
    ink: str
    faint: str
    baseline: str
    methods: tuple[str, ...]


LIGHT = Theme(
    "#ffffff", "#2b2b2b", "#dddddd", "#7a7a7a",
    ("#0072b2", "#c44e00", "#00805c", "#a8518a", "#8a6200", "#7a3fc4"),
)  # fmt: skip
DARK = Theme(
    "#17181a", "#e6e6e3", "#3a3b3e", "#a0a1a5",
    ("#56b4e9", "#f08a4b", "#2fc79a", "#dd8fc0", "#e6b422", "#b79bff"),
)  # fmt: skip


class Drawing:
    """Shapes in the order in which they are drawn; lengths in units, y downwards."""

    def __init__(self, width: float = WIDTH, height: float = 0) -> None:
        self.width, self.height = width, height
        self.shapes: list[str] = []

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str, **more: str) -> None:
        """Draw a straight line of a class."""
        ends = _attributes({"x1": x1, "y1": y1, "x2": x2, "y2": y2, "class": f"line {kind}", **more})
        self.shapes.append(f"<line{ends}/>")

    def path(self, points: Sequence[tuple[float, float]], kind: str, **more: str) -> None:
        """Draw straight lines from point to point."""
        way = "M" + "L".join(f"{_number(x)},{_number(y)}" for x, y in points)
        self.shapes.append(f"<path{_attributes({'d': way, 'class': f'line {kind}', **more})}/>")

    def dot(self, x: float, y: float, kind: str, radius: float = 4) -> None:
        """Draw a filled circle."""
        self.shapes.append(f"<circle{_attributes({'cx': x, 'cy': y, 'r': radius, 'class': kind})}/>")

    def bar(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        """Draw a filled rectangle."""
        sides = {"x": x, "y": y, "width": width, "height": height, "class": kind}
        self.shapes.append(f"<rect{_attributes(sides)}/>")

    def text(self, x: float, y: float, text: str, kind: str = "ink", anchor: str = "start") -> None:
        """Write a line; y is the middle of its letters."""
        place = {"x": x, "y": y + 0.35 * TEXT, "class": kind, "text-anchor": anchor}
        self.shapes.append(f"<text{_attributes(place)}>{escape(printable(text))}</text>")

    def inline(self, title: str, margin: float = 0) -> str:
        """Return an element for a page that holds `style`."""
        corner, sides = -margin, (self.width + 2 * margin, self.height + 2 * margin)
        box = " ".join(map(_number, (corner, corner, *sides)))
        attributes = {"class": "figure", "viewBox": box, "role": "img", "aria-label": printable(title)}
        return f"<svg{_attributes(attributes)}>{''.join(self.shapes)}</svg>"

    def file(self, title: str) -> str:
        """Return the content of a file that stands alone."""
        size = _attributes({"width": 1.5 * self.width, "height": 1.5 * self.height})
        opened = f'<svg xmlns="http://www.w3.org/2000/svg"{size}'
        sides = {"x": -MARGIN, "y": -MARGIN, "width": "100%", "height": "100%", "class": "paper"}
        paper = f"<rect{_attributes(sides)}/>"
        shapes = (
            self.inline(title, MARGIN)
            .removeprefix("<svg")
            .replace(">", f"><style>{style()}</style>{paper}", 1)
        )
        return f"{opened}{shapes}\n"


def beside(one: Drawing, other: Drawing) -> Drawing:
    """Return two drawings beside each other."""
    both = Drawing(one.width + GUTTER + other.width, max(one.height, other.height))
    moved = f'<g transform="translate({_number(one.width + GUTTER)} 0)">'
    both.shapes = [*one.shapes, moved, *other.shapes, "</g>"]
    return both


def style() -> str:
    """Return the style sheet of all drawings: light, and dark where the reader prefers that."""
    shape = f".figure text{{font:{TEXT}px {FONT}}}.figure .line{{fill:none;stroke-linejoin:round}}"
    return f"{shape}{_colors(LIGHT)}@media (prefers-color-scheme:dark){{{_colors(DARK)}}}"


def text_width(text: str) -> float:
    """Return about how wide a line of text is, rather more than less, in units."""
    return TEXT * sum(0.4 if c in NARROW else 1.0 if c in WIDE else 0.64 for c in printable(text))


def shortened(text: str, width: float) -> str:
    """Return a text cut in the middle to fit a width; both its ends tell labels apart."""
    if text_width(text) <= width:
        return text
    half = len(text) // 2
    while half > 1 and text_width(f"{text[:half]}…{text[-half:]}") > width:
        half -= 1
    return f"{text[:half]}…{text[-half:]}"


def printable(text: str) -> str:
    """Return a text with what no XML may hold replaced."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _colors(theme: Theme) -> str:
    names = {"ink": theme.ink, "faint": theme.faint, "baseline": theme.baseline, "paper": theme.paper}
    names |= {f"method{index}": color for index, color in enumerate(theme.methods)}
    rules = [
        f".figure .{name}{{fill:{color}}}.figure .line.{name}{{fill:none;stroke:{color}}}"
        for name, color in names.items()
    ]
    return "".join(rules)


def _attributes(values: Mapping[str, object]) -> str:
    texts = {name: _number(v) if isinstance(v, int | float) else str(v) for name, v in values.items()}
    return "".join(f" {name.replace('_', '-')}={quoteattr(text)}" for name, text in texts.items())


def _number(value: float) -> str:
    return f"{round(value, 2):g}"
