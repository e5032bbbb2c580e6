"""The rooms of the house, read from its imports: what the drawing in docs/architecture.md is made from."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
FOLDERS = {
    "core": "colorzoo.core",
    "plugins": "colorzoo.plugins",
    "datasources": "colorzoo.datasources",
    "zoo": "colorzoo",
}
WAY = {
    "source": "datasources",
    "dataset": "core/data",
    "colorizer": "core/inference",
    "metric": "core/compare",
    "report": "zoo/report",
}
"""The way of a picture, and the room that takes it each step."""
DRAWING = ROOT / "docs" / "pictures" / "rooms.svg"
BASE = "base files of core"
WIDTH, ROW, HEIGHT, GAP, TOP = 960, 86, 46, 14, 108


class Box(NamedTuple):
    """Where a room stands in the drawing, in pixels."""

    x: float
    y: float
    width: float

    @property
    def middle(self) -> float:
        """The x of its middle."""
        return self.x + self.width / 2


def layers() -> list[list[str]]:
    """Return the rooms from the top layer to the bottom one, as import-linter holds them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    house, core = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    outer = [[name.strip() for name in layer.split("|")] for layer in house if layer != "colorzoo.core"]
    return outer + [[f"colorzoo.core.{name.strip()}" for name in layer.split("|")] for layer in core]


@cache
def imports() -> dict[str, set[str]]:
    """Return module to imported modules, all of ours; imports for type checking alone do not count."""
    modules = dict(_modules())
    return {name: set(_imported(path)) & modules.keys() for name, path in modules.items()}


def edges(rooms: Sequence[str], imported: Mapping[str, set[str]]) -> set[tuple[str, str]]:
    """Return which room imports which."""
    pairs = {(room_of(a, rooms), room_of(b, rooms)) for a, targets in imported.items() for b in targets}
    return {(a, b) for a, b in pairs if a and b and a != b}


def room_of(module: str, rooms: Sequence[str]) -> str:
    """Return the room that holds a module: the longest prefix, or nothing."""
    return max((room for room in rooms if f"{module}.".startswith(f"{room}.")), key=len, default="")


def essential(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the pairs that do not follow from others: the transitive reduction of an order."""
    below: dict[str, set[str]] = {}
    for upper, lower in pairs:
        below.setdefault(upper, set()).add(lower)

    def reach(room: str) -> set[str]:
        direct = below.get(room, set())
        return direct | {far for near in direct for far in reach(near)}

    return {(a, b) for a, b in pairs if not any(b in reach(other) for other in below[a] - {b})}


def drawing() -> str:
    """Return the rooms and the way of a picture through them, as SVG."""
    rows = [[room for room in row if _is_folder(room)] for row in layers()]
    rows = [row for row in rows if row]
    rooms = [room for row in rows for room in row]
    boxes, pairs = dict(_boxes(rows)), edges(rooms, imports())
    arrows = [_arrow(boxes[upper], boxes[lower]) for upper, lower in sorted(essential(pairs))]
    shapes = [_box(boxes[room], _path(room), f"{_count(room)} modules") for room in rooms]
    floor = Box(20, TOP + ROW * len(rows), WIDTH - 40)
    files = [_path(room).removeprefix("core/") for row in layers() for room in row if not _is_folder(room)]
    shapes.append(_box(floor, BASE, ", ".join(name for name in files if "zoo" not in name)))
    lowest = [room for room in rooms if room not in {upper for upper, _ in pairs}]
    arrows += [
        _arrow(boxes[room], floor._replace(x=boxes[room].x, width=boxes[room].width)) for room in lowest
    ]
    height = int(floor.y) + HEIGHT + 20
    return SVG.format(width=WIDTH, height=height, body="".join([*_way(), *arrows, *shapes]))


def _modules() -> Iterator[tuple[str, Path]]:
    for folder, package in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            yield ".".join([package, *(part for part in parts if part != "__init__")]), path


def _imported(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    branches = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n.test)]
    for_types = {id(node) for branch in branches for node in ast.walk(branch)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and id(node) not in for_types:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def _is_folder(room: str) -> bool:
    return (ROOT / _path(room)).is_dir()


def _path(room: str) -> str:
    """Return the folder of a room, as a reader of the repository sees it."""
    name = room.removeprefix("colorzoo.").replace(".", "/")
    return name if name.split("/")[0] in FOLDERS else f"zoo/{name}"


def _count(room: str) -> int:
    return sum(room_of(name, [room]) == room for name, _ in _modules())


def _boxes(rows: Sequence[Sequence[str]]) -> Iterator[tuple[str, Box]]:
    for number, row in enumerate(rows):
        width = min(190.0, (WIDTH - 40 - GAP * (len(row) - 1)) / len(row))
        left = (WIDTH - width * len(row) - GAP * (len(row) - 1)) / 2
        for column, room in enumerate(row):
            yield room, Box(left + column * (width + GAP), TOP + ROW * number, width)


def _box(box: Box, title: str, note: str, style: str = "") -> str:
    return (
        f'<rect x="{box.x:.0f}" y="{box.y:.0f}" width="{box.width:.0f}" height="{HEIGHT}" rx="6" {style}/>'
        f'<text x="{box.middle:.0f}" y="{box.y + 20:.0f}" class="room">{title}</text>'
        f'<text x="{box.middle:.0f}" y="{box.y + 37:.0f}" class="note">{note}</text>\n'
    )


def _arrow(upper: Box, lower: Box) -> str:
    a, b, top = upper.middle, lower.middle, upper.y + HEIGHT
    bend = (top + lower.y) / 2
    return (
        f'<path d="M{a:.0f} {top:.0f} C{a:.0f} {bend:.0f} {b:.0f} {bend:.0f} {b:.0f} {lower.y:.0f}" '
        'class="import"/>\n'
    )


def _way() -> Iterator[str]:
    """Yield the steps of a picture, in a row above the rooms."""
    width = (WIDTH - 40 - 4 * 40) / 5
    for number, (step, room) in enumerate(WAY.items()):
        x = 20 + number * (width + 40)
        yield _box(Box(x, 14, width), step, room, 'class="step"')
        if number:
            yield f'<path d="M{x - 38:.0f} 37 H{x - 6:.0f}" class="way"/>\n'


def write() -> None:
    """Write the drawing to where docs/architecture.md shows it."""
    DRAWING.write_text(drawing())


SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" font-family="sans-serif">
<style>
rect {{ fill: #f4f6fb; stroke: #5b6b8c }}
.step {{ fill: #fdf1dc; stroke: #c98a1b }}
.room {{ font-size: 14px; font-weight: 600; text-anchor: middle; fill: #1d2a44 }}
.note {{ font-size: 11px; text-anchor: middle; fill: #5b6b8c }}
.import {{ fill: none; stroke: #9aa7c2; stroke-width: 1.2; marker-end: url(#import) }}
.way {{ stroke: #c98a1b; stroke-width: 2.5; marker-end: url(#way) }}
</style>
<defs>
<marker id="import" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">\
<path d="M0 0L8 4L0 8z" fill="#9aa7c2"/></marker>
<marker id="way" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="5" markerHeight="5" orient="auto">\
<path d="M0 0L8 4L0 8z" fill="#c98a1b"/></marker>
</defs>
<path d="M0 0H{width}V{height}H0z" fill="#ffffff"/>
{body}</svg>
"""
