"""The rooms of the house, read from its imports: what the drawing in docs/architecture.md is made from."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = {
    "core": "colorzoo.core",
    "plugins": "colorzoo.plugins",
    "datasources": "colorzoo.datasources",
    "zoo": "colorzoo",
}
WAY = (("source", "datasources"), ("dataset", "core/data"), ("colorizer", "core/inference"), ("metric", "core/compare"),
       ("report", "zoo/report"))  # fmt: skip
"""The way of a picture, and the room that takes it a step on."""
WIDTH, ROW, BOX, GAP = 960, 92, 46, 14


def layers() -> list[list[str]]:
    """Return the rooms from the top layer to the bottom one, as import-linter's contracts hold them."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (house,) = [c for c in contracts if c["type"] == "layers" and not c.get("containers")]
    (core,) = [c for c in contracts if c["type"] == "layers" and c.get("containers") == ["colorzoo.core"]]
    outer = [[name.strip() for name in layer.split("|")] for layer in house["layers"]]
    inner = [[f"colorzoo.core.{name.strip()}" for name in layer.split("|")] for layer in core["layers"]]
    return [layer for layer in outer if layer != ["colorzoo.core"]] + inner


def imports() -> dict[str, set[str]]:
    """Return module to imported modules, all of ours, type checking aside."""
    modules = dict(_modules())
    return {
        name: {target for target in _imported(path) if target in modules} for name, path in modules.items()
    }


def edges(rooms: Sequence[str], found: Mapping[str, set[str]]) -> set[tuple[str, str]]:
    """Return which room imports which."""
    pairs = {(room_of(a, rooms), room_of(b, rooms)) for a, targets in found.items() for b in targets}
    return {(a, b) for a, b in pairs if a and b and a != b}


def room_of(module: str, rooms: Sequence[str]) -> str:
    """Return the room that holds a module: the longest prefix."""
    return max((room for room in rooms if f"{module}.".startswith(f"{room}.")), key=len, default="")


def essential(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return the pairs that do not follow from others: the transitive reduction of an order."""
    below: dict[str, set[str]] = {}
    for a, b in pairs:
        below.setdefault(a, set()).add(b)

    def reach(room: str) -> set[str]:
        direct = below.get(room, set())
        return direct | {far for near in direct for far in reach(near)}

    return {(a, b) for a, b in pairs if not any(b in reach(c) for c in below[a] - {b})}


def _modules() -> Iterator[tuple[str, Path]]:
    for folder, package in FOLDERS.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = path.relative_to(ROOT / folder).with_suffix("").parts
            yield ".".join([package, *(part for part in parts if part != "__init__")]), path


def _imported(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    checking = {id(n) for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
                for n in ast.walk(node)}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and id(node) not in checking:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def drawing() -> str:
    """Return the rooms and the way of a picture through them, as SVG."""
    rows = layers()
    rooms = [room for row in rows for room in row]
    boxes = dict(_boxes(rows))
    height = 120 + ROW * len(rows)
    lines = "".join(_arrow(boxes[a], boxes[b]) for a, b in sorted(essential(edges(rooms, imports()))))
    shapes = "".join(_box(*boxes[room], _label(room), f"{_count(room)} modules") for room in rooms)
    return _SVG.format(width=WIDTH, height=height, way=_way(), arrows=lines, boxes=shapes)


def _boxes(rows: Sequence[Sequence[str]]) -> Iterator[tuple[str, tuple[float, float, float]]]:
    for number, row in enumerate(rows):
        width = min(190.0, (WIDTH - 40 - GAP * (len(row) - 1)) / len(row))
        left = (WIDTH - width * len(row) - GAP * (len(row) - 1)) / 2
        for place, room in enumerate(row):
            yield room, (left + place * (width + GAP), 110 + ROW * number, width)


def _box(x: float, y: float, width: float, title: str, note: str, fill: str = "#f4f6fb") -> str:
    middle = x + width / 2
    return (
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{width:.0f}" height="{BOX}" rx="6" fill="{fill}" stroke="#5b6b8c"/>'
        f'<text x="{middle:.0f}" y="{y + 20:.0f}" class="room">{escape(title)}</text>'
        f'<text x="{middle:.0f}" y="{y + 37:.0f}" class="note">{escape(note)}</text>\n'
    )


def _arrow(start: tuple[float, float, float], end: tuple[float, float, float]) -> str:
    (x1, y1, w1), (x2, y2, w2) = start, end
    a, b = x1 + w1 / 2, x2 + w2 / 2
    bend = (y1 + BOX + y2) / 2
    return f'<path d="M{a:.0f} {y1 + BOX:.0f} C{a:.0f} {bend:.0f} {b:.0f} {bend:.0f} {b:.0f} {y2:.0f}" class="import"/>\n'


def _way() -> str:
    width = (WIDTH - 40 - 4 * 40) / 5
    parts = []
    for place, (step, room) in enumerate(WAY):
        x = 20 + place * (width + 40)
        parts.append(_box(x, 14, width, step, room, "#fdf1dc"))
        if place:
            parts.append(f'<path d="M{x - 38:.0f} 37 H{x - 4:.0f}" class="way"/>\n')
    return "".join(parts)


def _label(room: str) -> str:
    return room.removeprefix("colorzoo.").replace(".", "/") if "core" in room or room.endswith(("plugins", "datasources")) else (
        "zoo/" + room.removeprefix("colorzoo.").replace(".", "/"))  # fmt: skip


def _count(room: str) -> int:
    return sum(room_of(name, [room]) == room for name, _ in _modules())


_SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" \
font-family="sans-serif">
<style>.room{{font-size:14px;font-weight:600;text-anchor:middle;fill:#1d2a44}}.note{{font-size:11px;text-anchor:middle;\
fill:#5b6b8c}}.import{{fill:none;stroke:#9aa7c2;stroke-width:1.2;marker-end:url(#end)}}.way{{stroke:#c98a1b;\
stroke-width:2.5;marker-end:url(#on)}}</style>
<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">\
<path d="M0 0L8 4L0 8z" fill="#9aa7c2"/></marker><marker id="on" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="5" \
markerHeight="5" orient="auto"><path d="M0 0L8 4L0 8z" fill="#c98a1b"/></marker></defs>
<rect width="100%" height="100%" fill="#ffffff"/>
{way}{arrows}{boxes}</svg>
"""
