"""`colorzoo report`: from results to pages and tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from colorzoo.core.compare.results import FILE, read_results, write_results
from colorzoo.core.errors import printable

MAX_LINE = 1000
RESULTS = "results.json, or the folder that holds it"


def write(results: Annotated[Path, typer.Argument(help=RESULTS)]) -> None:
    """Write the report of a comparison anew: report.html, table.md and figures."""
    from colorzoo.report.html import write_report

    folder = results if results.is_dir() else results.parent
    for path in write_report(read_results(results), folder):
        typer.echo(f"{path}")


def table(
    results: Annotated[Path, typer.Argument(help=RESULTS)],
    metrics: Annotated[str | None, typer.Option(help="names with commas")] = None,
) -> None:
    """Print the tables of a comparison in Markdown."""
    from colorzoo.report import markdown

    chosen = [name.strip() for name in metrics.split(",")] if metrics else None
    typer.echo(markdown.table(read_results(results), chosen).rstrip())


def merge(
    results: Annotated[list[Path], typer.Argument(help=RESULTS, metavar="RESULTS...")],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="folder for the joined results, or a page: board.html")
    ],
) -> None:
    """Join comparisons of the same pictures and protocol, or any into one page: `-o board.html`."""
    from colorzoo.cli.compare_command import show
    from colorzoo.report.html import write_report
    from colorzoo.report.leaderboard import write_leaderboard
    from colorzoo.report.merge import copy_pictures
    from colorzoo.report.merge import merge as joined

    parts = [read_results(path) for path in results]
    if out.suffix == ".html":
        write_leaderboard(parts, out)
        typer.echo(f"{out}")
        return
    whole = joined(parts)
    copy_pictures(parts, [path if path.is_dir() else path.parent for path in results], out)
    write_results(whole, out / FILE)
    show(whole)
    for path in write_report(whole, out):
        if path.suffix in (".html", ".md"):
            typer.echo(f"{path}")


def check(
    results: Annotated[list[Path], typer.Argument(help=RESULTS, metavar="RESULTS...")],
) -> None:
    """Check results for the leaderboard: schema, arithmetic, provenance, protocol, pictures.

    Everything that is wrong is named; exit status 1 then.
    """
    from colorzoo.report.check import problems, problems_between

    named = {str(path): read_results(path) for path in results}
    wrong = [f"{name}: {line}" for name, one in named.items() for line in problems(one)]
    wrong += problems_between(named)
    for line in wrong:
        typer.echo(printable(line, MAX_LINE))
    if wrong:
        raise typer.Exit(1)
    typer.echo(f"{len(named)} fit for the leaderboard")
