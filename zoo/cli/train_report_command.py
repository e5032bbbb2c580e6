"""`colorzoo train-report`: the curves of a training as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RUN = typer.Argument(help="run folder of `colorzoo train`, finished or not")


def train_report(
    run: Annotated[Path, RUN],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="file to write [default: training.html in the folder]"),
    ] = None,
) -> None:
    """Draw the losses of a training, its validation and its previews into one HTML file."""
    from colorzoo.report.curves import write_training_report

    typer.echo(f"{write_training_report(run, out)}")
