"""`colorzoo compare`: any colorizers on the same pictures."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from colorzoo import jobs
from colorzoo.cli import tables
from colorzoo.cli.option_groups import grouped
from colorzoo.cli.options import SEED, Device, Offline
from colorzoo.cli.progress import ProgressBars, first_process
from colorzoo.cli.protocol_commands import described
from colorzoo.cli.spread_options import SpreadOptions
from colorzoo.core.compare.published import find_protocol
from colorzoo.core.compare.results import Method, Results
from colorzoo.core.errors import printable
from colorzoo.core.jobs.interruption import noticed
from colorzoo.jobs.compare_options import MAX_SIDE, CompareOptions

if TYPE_CHECKING:
    from colorzoo.core.interfaces.dataset import Progress

DEFAULTS = CompareOptions()
Methods = Annotated[
    list[str] | None,
    typer.Argument(help="NAME, NAME:WEIGHTS, with ,key=value for run options", metavar="METHOD..."),
]
Data = Annotated[str | None, typer.Option(help="dataset: NAME, NAME:LOCATION, a folder or an archive")]
ProtocolName = Annotated[
    str, typer.Option(help="follow a paper's: a name of `colorzoo protocols`, or a TOML file")
]
Split = Annotated[
    str | None, typer.Option(help="part of the dataset [default: test, or all of a folder or archive]")
]
Out = Annotated[Path, typer.Option("-o", "--out", help="folder for results and report")]
Samples = Annotated[int, typer.Option(min=1, max=1000, help="colourings per picture")]
Side = Annotated[
    int, typer.Option(min=0, max=MAX_SIDE, help="longest side, in pixels; 0: as the pictures are")
]
Metrics = Annotated[
    str | None, typer.Option(help="names with commas, the first one ranks; see `colorzoo metrics`")
]
Simulate = Annotated[
    list[str] | None,
    typer.Option(help="true hints=10 (or 0,1,3,10,30), palette, palette=8 or reference=next for all"),
]
OfDataset = Annotated[
    bool,
    typer.Option("--guidance/--no-guidance", help="use what the dataset says of pictures, if anything"),
]
MAX_LINE = 1000
"""Longest line about one failure, in characters."""


@grouped
def compare(
    context: typer.Context,
    methods: Methods = None,
    *,
    data: Data = None,
    protocol: ProtocolName = DEFAULTS.protocol,
    split: Split = None,
    out: Out = Path("comparison"),
    samples: Samples = DEFAULTS.samples,
    seed: Annotated[int, SEED] = DEFAULTS.seed,
    side: Side = DEFAULTS.side,
    fit: Annotated[str, typer.Option(help="how pictures get it: keep, squash, crop or pad")] = DEFAULTS.fit,
    limit: Annotated[int | None, typer.Option(min=1, help="measure only so many pictures")] = None,
    metrics: Metrics = None,
    simulate: Simulate = None,
    guidance: OfDataset = True,
    device: Device = "auto",
    spread: SpreadOptions,
    offline: Offline = False,
) -> None:
    """Compare colorizers on a dataset, with baselines, intervals and a report.

    What was measured before is not measured again; an interrupted comparison goes on.
    On several devices: accelerate launch -m colorzoo compare ...
    """
    published = find_protocol(protocol) if protocol else None
    data = data or (published.pictures.data if published else None)
    if published and not (methods and data):
        typer.echo(described(published))
        return
    if not methods or not data:
        context.fail("Missing option '--data'." if methods else "Missing argument 'METHOD...'.")
    with _interruptible(f"comparing {', '.join(methods)} on {data}") as progress:
        results = jobs.compare.compare(
            methods,
            data,
            out,
            split=split,
            seed=seed,
            limit=limit,
            metrics=[name.strip() for name in metrics.split(",")] if metrics else None,
            protocol=protocol,
            guidance=guidance,
            **_given(context, {"samples": samples, "side": side, "fit": fit, "simulate": simulate or []}),
            device=device,
            workers=spread.count(device),
            engine=spread.engine,
            address=spread.address,
            progress=progress,
            command=shlex.join(["colorzoo", *sys.argv[1:]]),
        )
    if results:
        with jobs.compare.working_in(out):
            show(results)
            _report(results, out)
        if any(results.all_failed(method) for method in results.methods):
            raise typer.Exit(1)


def _given(context: typer.Context, options: Mapping[str, object]) -> dict[str, object]:
    """Return the options that the user gave: what a protocol sets takes the place of the others."""
    source = context.get_parameter_source
    return {name: options[name] for name in options if getattr(source(name), "name", "") != "DEFAULT"}


def show(results: Results) -> None:
    """Print the ranking and who wins, and on stderr what went wrong."""
    from colorzoo.report.decision import best_of_several, decision
    from colorzoo.report.wording import (
        direction,
        followed,
        informed,
        informed_by,
        named,
        not_applicable,
        note,
    )

    metric, beside = results.metric(results.ranked_by), best_of_several(results)
    best = {note(beside): beside.name} if beside else {}
    told = informed(results)
    for line in followed(results):
        typer.echo(f"{line}\n")
    rows = [
        {
            "method": printable(method.label),
            metric.name: _bounded(method, metric.name),
            **{head: _number(method.values[name].value) for head, name in best.items()},
            **({"informed by": informed_by(method)} if told else {}),
            "ms": _number(method.cost.milliseconds),
            "MiB": _number(method.cost.peak_mib),
            "failed": len(method.failures) or "",
        }
        for method in results.ranking()
    ]
    tables.show(rows, as_json=False)
    _show_over_hints(results)
    typer.echo(f"\n{named(metric)}: {metric.unit}, {direction(metric)}; 95 % intervals of the mean")
    for line in [*([told] if told else []), *decision(results)]:
        typer.echo(printable(line, MAX_LINE))
    for failed in [method for method in results.methods if method.failures]:
        first = failed.failures[0]
        count = "all" if results.all_failed(failed) else len(failed.failures)
        _tell(f"{failed.label}: failed on {count} pictures; {first.picture}: {first.reason}")
    for line in not_applicable(results):
        _tell(line)
    for name, why in results.left_out.items():
        _tell(f"left out: {name}: {why}")
    if results.left_out:
        _tell(f"{len(results.left_out)} pictures could not be read and are left out for all")


def _show_over_hints(results: Results) -> None:
    """Print every method's values by the number of true hints, where several were measured."""
    from colorzoo.report.wording import hint_counts, over_hints

    counts = [f"{count:.0f}" for count in hint_counts(results)]
    rows = [
        {
            "true hints a picture": printable(method.label),
            **dict(zip(counts, (_number(value.value) for value in values), strict=True)),
        }
        for method, values in over_hints(results)
    ]
    if rows:
        typer.echo()
        tables.show(rows, as_json=False)


def _tell(text: str) -> None:
    typer.echo(printable(text, MAX_LINE), err=True)


def _report(results: Results, out: Path) -> None:
    from colorzoo.report.html import write_report

    for path in write_report(results, out):
        if path.suffix in (".html", ".md"):
            typer.echo(f"{path}")


def _bounded(method: Method, metric: str) -> str:
    value = method.values[metric]
    if value.low is None or value.high is None:
        return _number(value.value)
    return f"{_number(value.value)} ({_number(value.low)} to {_number(value.high)})"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


class _Interruption:
    """Counts the measured pictures, and says at once on Ctrl-C how many there are."""

    def __init__(self, bars: ProgressBars) -> None:
        self._bars, self._done, self._total, self._told = bars, 0, 0, False

    def progress(self, done: int, total: int) -> None:
        """Take and show how many pictures are measured."""
        self._done, self._total = done, total
        self._bars.show("pictures", done, total)

    def tell(self) -> None:
        """Say what is done, once."""
        if not self._told and first_process():
            self._told = True
            done = f"{self._done} of {self._total}" if self._total else "no"
            _tell(f"colorzoo: interrupted; {done} pictures measured, which stay; the same command goes on")


@contextmanager
def _interruptible(opening: str) -> Iterator[Progress]:
    """Yield what progress is reported to; Ctrl-C is answered in its wake, and ends with status 130."""
    with ProgressBars() as bars:
        bars.opening(opening)
        from colorzoo.core.interfaces.dataset import watched

        interruption = _Interruption(bars)
        try:
            with noticed(interruption.tell), watched(bars.report):
                yield interruption.progress
        except KeyboardInterrupt:
            interruption.tell()
            raise typer.Exit(130) from None
