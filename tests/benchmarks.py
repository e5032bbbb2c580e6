"""docs/benchmarks.md: the protocols of papers as ready commands, with what they report."""

from __future__ import annotations

from pathlib import Path

from colorzoo.core.compare.published import PublishedProtocol, protocols

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
HEAD = """# Protocols of papers

Written by `make docs` from `plugins/protocols/*.toml`, compared by the tests.

A command below measures as a paper did and sets the paper's figures beside what it measures;
[comparing.md](comparing.md) explains how. Figures here are the papers' own: nothing in these tables was
measured by colorzoo. In brackets: the metric here; figures without one are not measured here.
"""


def page() -> str:
    """Return docs/benchmarks.md."""
    return "\n".join(
        [HEAD, *_overview(), *(line for one in protocols().values() for line in _section(one))]
    )


def _overview() -> list[str]:
    rows = [
        f"| [`{one.name}`](#{one.name}) | {one.title} | {one.pictures.count:,} | {one.year} |"
        for one in protocols().values()
    ]
    return ["| protocol | what | pictures | year |", "|---|---|---:|---:|", *rows, ""]


def _section(one: PublishedProtocol) -> list[str]:
    paper = f"[{one.paper}]({one.url})" if one.url else one.paper
    return [
        f"## {one.name}",
        "",
        f"    {one.command}",
        "",
        f"{one.title}. {paper}.{f' Figures from {one.source}.' if one.source else ''}",
        "",
        f"- Pictures: {one.pictures.count:,}, {one.pictures.title}.",
        *(f"- To fetch: {step}" for step in one.pictures.fetch),
        f"- Measured: {one.settings.words}.",
        f"- Colour: {one.color}",
        *(f"- Not as in the paper: {line}" for line in one.differences),
        "",
        *_figures(one),
    ]


def _figures(one: PublishedProtocol) -> list[str]:
    if not one.methods:
        return []
    heads = [f"{f.label} {f.arrow}" + (f" (`{f.metric}`)" if f.metric else "") for f in one.figures]
    rows = [
        [
            f"{method.method}{method.note and f' ({method.note})'}",
            f"{method.parameters / 1e6:.1f}" if method.parameters else "",
            *(f"{method.values[f.label]:g}" if f.label in method.values else "" for f in one.figures),
        ]
        for method in one.methods
    ]
    lines = [["method", "M parameters", *heads], ["---", "---:", *["---:"] * len(heads)], *rows]
    return [*(f"| {' | '.join(line)} |" for line in lines), ""]


def write() -> None:
    """Write the page."""
    PAGE.write_text(page())
