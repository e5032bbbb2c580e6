"""The report of a comparison: one HTML file that needs nothing else, a table and figures."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from colorzoo.core.compare.results import ExampleImage, Method, Protocol, Results
from colorzoo.core.errors import MissingExtraError
from colorzoo.core.files import atomic_write
from colorzoo.core.imaging.image_io import Picture, write
from colorzoo.report import figures as drawing
from colorzoo.report import wording as text
from colorzoo.report.grid import grid
from colorzoo.report.markdown import table

FOLDER = Path(__file__).parent
ALT = {
    "ranking": "Every method with its interval; the table of the ranking has the numbers",
    "success": "Share of the pictures whose best sample is within a threshold, for every method",
    "best_of": "Error of the best of k samples, for every method",
    "speed": "Quality against milliseconds a picture; the tables have the numbers",
}


def write_report(results: Results, folder: Path) -> list[Path]:
    """Write report.html, table.md, grid.jpg and figures/ beside results.json; return what was written."""
    written = [folder / "report.html", folder / "table.md"]
    for path, content in zip(written, (page(results, folder / "pictures"), table(results)), strict=True):
        with atomic_write(path) as file:
            file.write(content.encode())
    sheet = grid(results, folder / "pictures")
    if sheet is not None:
        write(folder / "grid.jpg", Picture(sheet))
        written.append(folder / "grid.jpg")
    try:
        return written + drawing.write_figures(results, folder / "figures")
    except MissingExtraError:  # the page says so
        return written


def page(results: Results, pictures: Path) -> str:
    """Return the HTML; pictures: the folder of the files that the examples name."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string((FOLDER / "page.html.j2").read_text())
    style, script = ((FOLDER / name).read_text() for name in ("page.css", "page.js"))
    figures, missing = _figures(results)
    return template.render(
        title=_title(results),
        results=results,
        protocol=results.protocol,
        side=_side(results.protocol),
        ranked=results.metric(results.ranked_by),
        ranking=results.ranking(),
        findings=text.findings(results),
        warnings=text.warnings(results) + missing,
        pair_metrics=list(dict.fromkeys(pair.metric for pair in results.pairs)),
        on_device=any(method.cost.device_mib is not None for method in results.methods),
        galleries=list(_galleries(results, pictures)),
        failures=[(m.label, failure) for m in results.methods for failure in m.failures],
        figures=figures,
        figure=lambda name: Markup(_chart(name, figures[name])),
        number=text.number,
        arrow=text.arrow,
        direction=text.direction,
        verdict=text.verdict,
        style=Markup(style),
        script=Markup(script),
        style_hash=_digest(style),
        script_hash=_digest(script),
    )


def _title(results: Results) -> str:
    labels = text.compared(results) or [method.label for method in results.methods]
    first, last = ", ".join(labels[:-1]), labels[-1]
    return f"{first} and {last}" if first else f"{last} and the baselines"


def _side(protocol: Protocol) -> str:
    if not protocol.side:
        return "full size"
    if protocol.fit == "keep":
        return f"longest side at most {protocol.side} pixels"
    return f"{protocol.side}x{protocol.side} pixels, {protocol.fit}"


def _figures(results: Results) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Return light and dark SVG by name, and a warning where there are none."""
    try:
        light, dark = (drawing.figures(results, theme) for theme in (drawing.LIGHT, drawing.DARK))
    except MissingExtraError as error:
        return {}, [f"There are no figures: {error}."]
    return {name: (drawing.svg(light[name]), drawing.svg(dark[name])) for name in light}, []


def _chart(name: str, drawn: tuple[str, str]) -> str:
    light, dark = (_data("image/svg+xml", svg.encode()) for svg in drawn)
    return (
        f'<figure class="chart"><picture><source media="(prefers-color-scheme: dark)" srcset="{dark}">'
        f'<img src="{light}" alt="{ALT[name]}"></picture></figure>'
    )


def _galleries(results: Results, pictures: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the sections of pictures: those spread over all, then every method's extremes."""
    source = partial(_source, pictures)
    spread = [example for example in results.examples if example.reason == "spread"]
    if spread:
        rows = [_row(example, example.picture, source) for example in spread]
        explained = "Spread evenly over the set, not chosen. Press a picture to see it large."
        yield {"title": "Pictures", "text": explained, "rows": rows}
    for method in results.methods:
        own = [example for example in results.examples if example.method == method.label]
        if own:
            rows = [_row(e, f"{e.reason}: {_measured(results, method, e)}", source) for e in own]
            explained = f"By {results.ranked_by}, over all pictures."
            title = f"Best, median and worst of {method.label}"
            yield {"title": title, "text": explained, "rows": rows}


def _row(example: ExampleImage, title: str, source: Any) -> dict[str, Any]:
    shown = [("gray", "grey", example.gray), ("original", "original", example.original)]
    for label, names in example.samples.items():
        several = len(names) > 1
        shown += [("sample", f"{label} {i}" if several else label, n) for i, n in enumerate(names, start=1)]
    return {
        "title": title,
        "picture": example.picture,
        "shown": [{"kind": role, "label": label, "source": source(name)} for role, label, name in shown],
    }


def _measured(results: Results, method: Method, example: ExampleImage) -> str:
    """Return a method's value on a picture, and the picture's name."""
    values = method.values[results.ranked_by].per_image
    if values is None or example.picture not in results.pictures:
        return example.picture
    value = values[results.pictures.index(example.picture)]
    return f"{results.ranked_by} {text.number(value)}, {example.picture}"


def _source(pictures: Path, name: str) -> str:
    """Return a picture file as an address that needs no file; nothing where it is absent."""
    path = pictures / name
    mime = "image/png" if path.suffix == ".png" else "image/jpeg"
    return _data(mime, path.read_bytes()) if path.is_file() else ""


def _data(mime: str, content: bytes) -> str:
    return f"data:{mime};base64,{base64.b64encode(content).decode()}"


def _digest(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"
