"""`colorzoo data prepare`: any source to pictures of one size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from colorzoo import jobs
from colorzoo.cli import tables
from colorzoo.cli.option_groups import grouped
from colorzoo.cli.progress import ProgressBars
from colorzoo.cli.spread_options import SpreadOptions
from colorzoo.core.config import validate
from colorzoo.core.errors import printable

if TYPE_CHECKING:
    from colorzoo.core.data.prepare import Preparation


@grouped
def prepare(
    source: Annotated[str, typer.Argument(help="NAME, NAME:LOCATION, a folder or an archive")],
    *,
    out: Annotated[Path, typer.Option("-o", "--out", help="folder for the result")],
    size: Annotated[int, typer.Option(help="side of the squares, in pixels")] = 512,
    fit: Annotated[str, typer.Option(help="pad, crop or squash")] = "pad",
    format: Annotated[str, typer.Option(help="jpg, png or packed")] = "jpg",
    split: Annotated[str | None, typer.Option(help="which part of the source")] = None,
    min_chroma: Annotated[float, typer.Option(help="least colour beyond a tint; 4.5 is a good bound")] = 0,
    dedupe: Annotated[bool, typer.Option(help="keep only the first of pictures that look alike")] = False,
    spread: SpreadOptions,
) -> None:
    """Bring pictures to one size for training; goes on where it was interrupted."""
    given = {"size": size, "fit": fit, "format": format, "min_chroma": min_chroma, "dedupe": dedupe}
    with ProgressBars() as bars:
        bars.opening(f"preparing {source}")
        from colorzoo.core.data.prepare import Preparation, PrepareOptions
        from colorzoo.core.interfaces.dataset import watched

        options = validate(PrepareOptions, given, "prepare")
        each = jobs.cluster_work.cluster_work(spread.engine, spread.address)
        with watched(bars.report):
            job = Preparation(jobs.datasets.open_dataset(source, split), source, out, options, each)
    try:
        with ProgressBars() as bars, watched(bars.report):
            done = job.run(spread.count(), bars.report("pictures"))
    except KeyboardInterrupt:
        typer.echo(
            f"interrupted: {job.done:,} of {len(job.ids):,} pictures are done, the same command goes on",
            err=True,
        )
        raise typer.Exit(130) from None
    tables.show([{"verdict": key, "pictures": count} for key, count in sorted(done.counts.items())], False)
    for row in job.rows:
        if row.verdict == "broken":
            typer.echo(f"left out: {printable(row.note)}", err=True)
    if not done.counts.get("kept"):
        typer.echo(f"nothing was kept: {out} holds no pictures to use", err=True)
        raise typer.Exit(1)
    _report(job, out)
    kept = f"packed:{out}" if format == "packed" else str(out)
    typer.echo(f"use them: --data {kept}")


def _report(job: Preparation, out: Path) -> None:
    from colorzoo.core.data.prepare import REPORT
    from colorzoo.report.prepared import histograms, overview

    overview(job, out / REPORT / "contact-sheet.jpg")
    typer.echo(f"report: {out / REPORT}")
    histograms(job.rows, out / REPORT / "histograms.svg")
