"""`colorzoo run`: colour pictures."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from colorzoo import jobs
from colorzoo.cli.options import SEED, Device, Offline
from colorzoo.cli.progress import ProgressBars
from colorzoo.core.config import from_pairs
from colorzoo.core.errors import ConfigError, printable

if TYPE_CHECKING:
    from colorzoo.jobs.run import RunResult


def run(
    name: Annotated[str, typer.Argument(help="colorizer, see `colorzoo plugins`")],
    inputs: Annotated[list[str], typer.Argument(help="pictures, folders or globs", metavar="INPUT...")],
    out: Annotated[Path, typer.Option("-o", "--out", help="folder for the results")] = Path("colorized"),
    samples: Annotated[int, typer.Option(min=1, max=1000, help="colourings per picture")] = 1,
    seed: Annotated[int | None, SEED] = None,
    weights: Annotated[str | None, typer.Option(help="name, folder, or owner/name[@revision]")] = None,
    option: Annotated[list[str], typer.Option("-O", help="run option, key=value")] = [],  # noqa: B006  typer copies it
    format: Annotated[str, typer.Option(help="png, jpg, webp, bmp or tiff")] = "png",
    device: Device = "auto",
    offline: Offline = False,
) -> None:
    """Colour pictures: writes every colouring and a labelled contact sheet."""
    from colorzoo.api import load
    from colorzoo.core.imaging.image_io import SUFFIXES

    if f".{format}" not in SUFFIXES:
        raise ConfigError(f"--format {format}: expected one of {', '.join(s[1:] for s in SUFFIXES)}")
    files = jobs.inputs.gather(inputs)
    colorizer = load(name, weights, device=device)
    seed = secrets.randbelow(2**31) if seed is None else seed
    options = from_pairs(colorizer.Options, option, "-O", samples=samples, seed=seed).model_dump()
    if colorizer.deterministic and samples > 1:
        typer.echo(f"{name} is deterministic: all {samples} samples are the same", err=True)
    with ProgressBars(disable=len(files) == 1) as bars:
        result = jobs.run.run(
            name, colorizer, files, out, options=options, format=format, progress=bars.report(name)
        )
    _report(result, options["seed"])


def _report(result: RunResult, seed: int) -> None:
    """Say what was done; end with 2 if the only picture failed, 1 if some did, 130 after Ctrl-C."""
    if result.total == 1 and result.failures:
        raise result.failures[0][1]
    title, done = ("interrupted: ", "done") if result.interrupted else ("", "coloured")
    typer.echo(f"{title}{result.done} of {result.total} {done}, seed {seed}")
    if result.sheet:
        typer.echo(f"contact sheet: {printable(str(result.sheet), 4096)}")
    for title, lines in (("notes", result.note_lines()), ("left out", result.failure_lines())):
        if lines:
            typer.echo(f"{title}:\n" + "\n".join(f"  {line}" for line in lines), err=True)
    if result.interrupted or result.failures:
        raise typer.Exit(130 if result.interrupted else 1)
