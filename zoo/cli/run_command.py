"""`colorzoo run`: colour pictures."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from colorzoo import jobs
from colorzoo.cli import run_summary
from colorzoo.cli.completion import complete_models, complete_weights
from colorzoo.cli.film_options import FilmOptions
from colorzoo.cli.guidance_options import GuidanceOptions
from colorzoo.cli.option_groups import grouped
from colorzoo.cli.options import SEED, Device, Offline
from colorzoo.cli.output_options import OutputOptions
from colorzoo.cli.progress import ProgressBars, with_notes
from colorzoo.cli.work_options import WorkOptions
from colorzoo.core.errors import ConfigError, printable

if TYPE_CHECKING:
    from colorzoo.core.interfaces.colorizer import Colorizer
    from colorzoo.jobs.run_request import RunRequest
    from colorzoo.jobs.run_result import RunResult

WORDS = typer.Argument(
    help="a colorizer, if one is chosen: NAME, NAME:WEIGHTS or owner/name on the Hub; and pictures, "
    "books, folders, globs, or - for standard input",
    metavar="[MODEL] INPUT",
    autocompletion=complete_models,
)
SAMPLES = typer.Option(min=1, max=1000, help="colourings to draw [default: the likeliest one]")
WEIGHTS = typer.Option(help="name, folder, or owner/name[@revision]", autocompletion=complete_weights)
AGAIN = typer.Option(metavar="RECORD", help="make the results of a colorized.jsonl again, in folder -o")
WITH_AGAIN = {"again", "out", "overwrite", "quiet", "as_json", "device", "offline"}


@grouped
def run(
    context: typer.Context,
    words: Annotated[list[str], WORDS] = [],  # noqa: B006  typer copies it
    *,
    samples: Annotated[int | None, SAMPLES] = None,
    seed: Annotated[int | None, SEED] = None,
    weights: Annotated[str | None, WEIGHTS] = None,
    option: Annotated[list[str], typer.Option("-O", help="run option, key=value")] = [],  # noqa: B006  typer copies it
    output: OutputOptions,
    work: WorkOptions,
    again: Annotated[str | None, AGAIN] = None,
    guidance: GuidanceOptions,
    film: FilmOptions,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="say only what went wrong")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print what was written as JSON")] = False,
    device: Device = "auto",
    offline: Offline = False,
) -> None:
    """Colour pictures: writes every colouring and a labelled contact sheet.

    What was coloured with the same options is passed by, so the same command goes on after Ctrl-C;
    results of other options are kept beside the new ones.

    \b
    colorzoo run photo.jpg                     what suits a picture of its kind
    colorzoo run vae-mdn faces/ --samples 5    five colourings of every face
    colorzoo run cgan page.png -o colored.png
    colorzoo run cgan book.cbz                 also .epub, .pdf, .cbr; film.mp4, .mkv, .webm
    colorzoo run photo.jpg --hint 120,80=#c03020 --strength 1.3
    colorzoo run --again colorized/colorized.jsonl -o anew
    """
    talk = not (quiet or as_json)
    if again is not None:
        _run_again(context, again, output, device, talk=talk, as_json=as_json)
        return
    request = jobs.run_request.RunRequest(
        words, samples=samples, seed=seed, weights=weights, pairs=option,
        guidance=guidance.request(), frames=guidance.frames, video=film.request(),
        **asdict(output), **asdict(work),
    )  # fmt: skip
    _color_and_tell(request, device, talk=talk, as_json=as_json)


def _color_and_tell(request: RunRequest, device: str, *, talk: bool, as_json: bool) -> None:
    result, colorizer = _color(request, device, talk=talk)
    if as_json:
        typer.echo(json.dumps(run_summary.as_json(result, request.model, colorizer), indent=2))
    elif talk:
        run_summary.say(result, request.model, colorizer, request.out)
    _end(result)


def _color(request: RunRequest, device: str, *, talk: bool) -> tuple[RunResult, Colorizer]:
    """Load the colorizer and colour the pictures, with progress and notes where there is talk."""
    if talk and not request.names_a_colorizer:
        typer.echo(f"{request.domain}: coloured by {request.model}; name another to choose", err=True)
    for line in request.left_out() if talk else ():
        typer.echo(line, err=True)
    with ProgressBars(disable=not talk or request.is_of_one) as bars:
        bars.opening(f"colouring {request.subject} by {request.model}")
        from colorzoo.api import load

        colorizer = load(*request.model, device=device)
        result = request.run(colorizer, with_notes(bars, request.model.name), _list if talk else _nothing)
    return result, colorizer


def _list(result: RunResult) -> None:
    """Print the results of a round of a watch, and what failed."""
    for files in result.files.values():
        typer.echo("\n".join(printable(str(file), 4096) for file in files))
    for line in result.failure_lines():
        typer.echo(line, err=True)


def _nothing(result: RunResult) -> None: ...


def _refuse_others(context: typer.Context) -> None:
    """Raise ConfigError where a word or option is given that a record decides."""
    for name in context.params.keys() - WITH_AGAIN:
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            raise ConfigError(f"--again: the record says how; leave out {name.replace('_', '-')}")


def _run_again(
    context: typer.Context,
    record: str,
    output: OutputOptions,
    device: str,
    *,
    talk: bool,
    as_json: bool,
) -> None:
    _refuse_others(context)
    from colorzoo.api import load

    with ProgressBars(disable=not talk) as bars:
        result = jobs.run_again.run_again(
            Path(record), output.out, partial(load, device=device), bars.report("again"),
            overwrite=output.overwrite,
        )  # fmt: skip
    if as_json:
        files = {str(path): [str(file) for file in made] for path, made in result.files.items()}
        typer.echo(json.dumps({"files": files, "failures": result.failure_lines()}, indent=2))
    elif talk and result.done:
        typer.echo(f"{result.done} of {result.total} made again\nresults: {printable(output.out, 4096)}")
    if talk and result.total > 1 and result.failures:
        typer.echo("left out:\n" + "\n".join(f"  {line}" for line in result.failure_lines()), err=True)
    _end(result)


def _end(result: RunResult) -> None:
    """End with 2 if the only picture failed, 1 if some did, 130 after Ctrl-C."""
    if result.total == 1 and result.failures:
        raise result.failures[0][1]
    if result.interrupted or result.failures:
        raise typer.Exit(130 if result.interrupted else 1)
