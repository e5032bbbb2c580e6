"""The report of a comparison: one HTML file that needs nothing else, a table and figures."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from colorzoo.core.compare.results import ExampleImage, Method, MetricFacts, Protocol, Results
from colorzoo.core.files import atomic_write
from colorzoo.core.imaging.image_io import Picture, write
from colorzoo.report import decision as choice
from colorzoo.report import figures as drawing
from colorzoo.report import wording as text
from colorzoo.report.grid import grid
from colorzoo.report.markdown import best_label, table
from colorzoo.report.paper_table import beside_paper
from colorzoo.report.svg import Drawing, style

if TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent
OPEN_ROWS = 3
"""Rows of pictures that are seen before anything is unfolded."""
LONGEST_UNBROKEN = 24
"""Letters of a label, or of one of its options, that fits any line."""
OPTION = re.compile(r"([^\s,:/=]+=[^\s,:/]*)")
SEPARATORS = re.compile(r"(?<=[,:=/_])(?=[^,:=/_])")


def write_report(results: Results, folder: Path) -> list[Path]:
    """Write report.html, table.md, grid.jpg and figures/ beside results.json; return what was written."""
    drawn = drawing.figures(results)
    written = [folder / "report.html", folder / "table.md"]
    contents = (page(results, folder / "pictures", drawn), table(results))
    for path, content in zip(written, contents, strict=True):
        with atomic_write(path) as file:
            file.write(content.encode())
    sheet = grid(results, folder / "pictures")
    if sheet is not None:
        write(folder / "grid.jpg", Picture(sheet))
        written.append(folder / "grid.jpg")
    for left_by_others in (folder / "figures").glob("*.png"):
        if left_by_others.stem in drawing.TITLES:  # of a version that drew PNG, and of older results
            left_by_others.unlink()
    return written + drawing.write_figures(drawn, folder / "figures")


def page(results: Results, pictures: Path, drawn: Mapping[str, Drawing] | None = None) -> str:
    """Return the HTML; pictures: the folder of the files that the examples name."""
    environment = templates([method.label for method in results.methods])
    drawn = drawing.figures(results) if drawn is None else drawn
    return environment.get_template("page.html.j2").render(
        title=_title(results),
        figures={name: Markup(figure.inline(drawing.TITLES[name])) for name, figure in drawn.items()},
        **embedded(["page.css"], ["sorting.js", "page.js"]),
        **_facts(results),
        **_words(results),
        **_pictures(results, pictures),
    )


def embedded(styles: Sequence[str], scripts: Sequence[str]) -> dict[str, str]:
    """Return files of this folder as a page holds them, with the digests that allow nothing else to run."""
    sheet = "".join((FOLDER / name).read_text() for name in styles) + style()
    script = "".join((FOLDER / name).read_text() for name in scripts)
    return {
        "style": Markup(sheet),
        "script": Markup(script),
        "style_hash": _digest(sheet),
        "script_hash": _digest(script),
    }


def templates(labels: Iterable[str]) -> Environment:
    """Return the templates of this folder; labels: what sentences in them do not break."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["breakable"] = breakable
    environment.filters["unbroken"] = partial(unbroken, list(labels))
    return environment


def breakable(label: str) -> Markup:
    """Return a label that may be broken before its options and after separators, elsewhere if it must."""
    parts = enumerate(OPTION.split(label))
    return Markup("").join(_option(part) if i % 2 else _separated(part) for i, part in parts)


def _option(text: str) -> Markup:
    return Markup("<wbr>") + (_separated(text) if len(text) > LONGEST_UNBROKEN else _whole(text))


def _separated(text: str) -> Markup:
    return Markup("<wbr>").join(map(escape, SEPARATORS.split(text)))


def _whole(text: str) -> Markup:
    return Markup('<span class="label">{}</span>').format(text)


def unbroken(labels: Iterable[str], sentence: str) -> Markup:
    """Return a sentence whose labels stay on one line; long ones may break after their separators."""
    known = "|".join(map(re.escape, sorted(labels, key=len, reverse=True)))
    parts = re.split(f"(?<![\\w-])({known})(?![\\w-])", sentence)
    return Markup("").join(_label(part) if i % 2 else escape(part) for i, part in enumerate(parts))


def _label(label: str) -> Markup:
    return breakable(label) if len(label) > LONGEST_UNBROKEN else _whole(label)


def _facts(results: Results) -> dict[str, Any]:
    """Return what the tables show."""
    pairs = choice.pairs(results)
    return {
        "results": results,
        "protocol": results.protocol,
        "side": _side(results.protocol),
        "published": results.published,
        "beside_paper": beside_paper(results.published, results.ranking()),
        "ranked": results.metric(results.ranked_by),
        "ranking": results.ranking(),
        "leading": choice.headline(results),
        "best_labels": {metric.name: best_label(results, metric) for metric in results.metrics},
        "first": choice.best(results),
        "pairs": pairs,
        "hint_counts": text.hint_counts(results),
        "over_hints": text.over_hints(results),
        "pair_metrics": list(dict.fromkeys(pair.metric for pair in pairs)),
        "on_device": any(method.cost.device_mib is not None for method in results.methods),
        "failures": [(m.label, failure) for m in results.methods for failure in m.failures],
    }


def _words(results: Results) -> dict[str, Any]:
    """Return what the page says, and what says it."""
    return {
        "decision": choice.decision(results),
        "against": partial(choice.against, results),
        "findings": text.findings(results),
        "words": text,
        "warnings": text.warnings(results),
        "informed": text.informed(results),
        "informed_by": text.informed_by,
        "number": text.number,
        "bounded": text.bounded,
        "note": text.note,
        "named": text.named,
        "arrow": text.arrow,
        "direction": text.direction,
        "verdict": text.verdict,
    }


def _pictures(results: Results, folder: Path) -> dict[str, Any]:
    """Return the rows of pictures: those spread over all, then every method's extremes."""
    source = partial(_source, folder)
    spread = [example for example in results.examples if example.reason == "spread"]
    return {
        "spread": [_row(example, example.picture, source) for example in spread],
        "open_rows": OPEN_ROWS,
        "extremes": list(_extremes(results, source)),
    }


def _extremes(results: Results, source: Any) -> Iterator[Mapping[str, Any]]:
    metric = results.metric(results.ranked_by)
    for method in results.methods:
        own = [example for example in results.examples if example.method == method.label]
        if own:
            rows = [_row(e, f"{e.reason}: {_measured(results, method, e, metric)}", source) for e in own]
            yield {"label": method.label, "rows": rows}


def _row(example: ExampleImage, title: str, source: Any) -> dict[str, Any]:
    """Return a picture, and what was made of it: the first answer of every method, and more of them."""
    first = [("grey", "gray", example.gray), ("original", "original", example.original)]
    first += [(label, "sample", names[0]) for label, names in example.samples.items() if names]
    more = [
        (f"{label}, answer {number}", "sample", name)
        for label, names in example.samples.items()
        for number, name in enumerate(names[1:], start=2)
    ]
    parts = [
        [{"label": label, "kind": kind, "source": source(name)} for label, kind, name in part]
        for part in (first, more)
    ]
    return {"title": title, "picture": example.picture, "shown": parts[0], "more": parts[1]}


def _measured(results: Results, method: Method, example: ExampleImage, metric: MetricFacts) -> str:
    """Return a method's value on a picture, and the picture's name."""
    values = method.values[metric.name].per_image
    if values is None or metric.over == "sequence" or example.picture not in results.pictures:
        return example.picture
    value = values[results.pictures.index(example.picture)]
    return f"{text.named(metric)} {text.number(value)}, {example.picture}"


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


def _source(pictures: Path, name: str) -> str:
    """Return a picture file as an address that needs no file; nothing where it is absent."""
    path = pictures / name
    mime = "image/png" if path.suffix == ".png" else "image/jpeg"
    return f"data:{mime};base64,{_base64(path.read_bytes())}" if path.is_file() else ""


def _digest(content: str) -> str:
    return f"sha256-{_base64(hashlib.sha256(content.encode()).digest())}"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
