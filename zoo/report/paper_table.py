"""What was measured here beside what a paper reports, in columns of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from colorzoo.core.compare.published import PaperFigure, PaperMethod, PublishedProtocol
from colorzoo.core.compare.results import Method, Results, Value
from colorzoo.report.wording import bounded, number


@dataclass(frozen=True)
class BesidePaper:
    """A line of the table: a method with its values here, those of a paper, or both."""

    name: str
    paper: str
    parameters: str
    cells: Sequence[tuple[Value | None, str]]
    """Of every figure what was measured here, and what the paper reports; None or empty where nothing."""
    baseline: bool = False


def beside_paper(published: PublishedProtocol | None, here: Sequence[Method]) -> list[BesidePaper]:
    """Return the methods measured here in their order, then the others of the paper in theirs.

    Baselines take part where the paper has them too.
    """
    if published is None or not published.methods:
        return []
    pairs = [(method, reported(published, method)) for method in here]
    known = {paper.method for _, paper in pairs if paper}
    rows = [
        _row(published.figures, method, paper) for method, paper in pairs if paper or not method.baseline
    ]
    others = [paper for paper in published.methods if paper.method not in known]
    return [*rows, *(_row(published.figures, None, paper) for paper in others)]


def reported(published: PublishedProtocol, method: Method) -> PaperMethod | None:
    """Return the line of a paper that is the same method: same weights, no options of its own."""
    names = {method.plugin, f"{method.plugin}:{method.weights.name}"} if method.weights else {method.plugin}
    if method.options:
        return None
    return next((one for one in published.methods if one.colorizer in names), None)


def paper_table(results: Results) -> list[str]:
    """Return the table as Markdown, a line each; nothing where no paper reports anything."""
    published = results.published
    rows = beside_paper(published, results.ranking())
    if not rows or published is None:
        return []
    heads = [f"{figure.label} {figure.arrow} {side}" for figure in published.figures for side in SIDES]
    lines = [
        [
            f"*{row.name}*" if row.baseline else row.name,
            row.paper,
            row.parameters,
            *(cell for here, paper in row.cells for cell in (bounded(here) if here else "", paper)),
        ]
        for row in rows
    ]
    return [
        f"*here*: measured here. *paper*: as {published.paper} reports it.",
        "",
        *_markdown(["method here", "method of the paper", "M parameters", *heads], lines),
    ]


SIDES = ("here", "paper")


def _row(figures: Sequence[PaperFigure], method: Method | None, paper: PaperMethod | None) -> BesidePaper:
    cost = method.cost.parameters if method else None
    parameters = cost if cost is not None else paper.parameters if paper else None
    return BesidePaper(
        name=method.label if method else "",
        paper=f"{paper.method} ({paper.note})" if paper and paper.note else paper.method if paper else "",
        parameters=number(parameters / 1e6) if parameters is not None else "",
        cells=[(_here(figure, method), _paper(figure, paper)) for figure in figures],
        baseline=bool(method and method.baseline),
    )


def _here(figure: PaperFigure, method: Method | None) -> Value | None:
    value = method.values.get(figure.metric) if method else None
    return value if value is not None and value.value is not None else None


def _paper(figure: PaperFigure, paper: PaperMethod | None) -> str:
    value = paper.values.get(figure.label) if paper else None
    return f"{value:g}" if value is not None else ""


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    rule = "|---|---|" + "---:|" * (len(heads) - 2)
    cells = [heads, *([cell.replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows)]
    first, *others = (f"| {' | '.join(row)} |" for row in cells)
    return [first, rule, *others]
