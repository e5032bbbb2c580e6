"""What `colorzoo run` says when it has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from colorzoo.core.errors import printable

if TYPE_CHECKING:
    from colorzoo.core.interfaces.colorizer import Colorizer
    from colorzoo.jobs.models import ModelName
    from colorzoo.jobs.run_result import RunResult


def say(result: RunResult, model: ModelName, colorizer: Colorizer, out: str) -> None:
    """Print what was done, by what, how fast, and where it is; notes and failures on stderr."""
    aside = out == "-"
    if result.total > 1 or not result.failures:
        for line in [*_summary(result, model, colorizer), *_where(result, out)]:
            typer.echo(line, err=aside)
    for title, lines in (("notes", result.note_lines()), ("left out", result.failure_lines())):
        if lines and not (result.total == 1 and result.failures):
            typer.echo(f"{title}:\n" + "\n".join(f"  {line}" for line in lines), err=True)


def _summary(result: RunResult, model: ModelName, colorizer: Colorizer) -> list[str]:
    from colorzoo.core.devices import described, device_of

    title, done = ("interrupted: ", "done") if result.interrupted else ("", "coloured")
    count = result.done + result.before
    before = f", {result.before:,} of them before, by the same options" if result.before else ""
    failed = f", {result.failed:,} failed" if result.failed else ""
    lines = [f"{title}{count:,} of {result.total:,} {done}{before}{failed}"]
    if result.interrupted:
        lines[0] += "; the same command goes on"
    if result.done:
        info = colorizer.weights_info
        weights = model.weights or (info.name if info else "")
        by = f"{model.name}, weights {printable(weights)}" if weights else model.name
        device = described(device_of(colorizer), result.threads)
        workers = f" each of {result.workers} workers" if result.workers > 1 else ""
        lines.append(f"by {by}, on {device}{workers}: {result.pace()}, seed {result.seed}")
    if result.passed_by:
        lines.append(
            f"{result.passed_by:,} passed by: failed before, and unchanged; --retry-failed tries them again"
        )
    return lines + result.page_lines()


def _where(result: RunResult, out: str) -> list[str]:
    if not result.files or out == "-":
        return []
    lines = [f"results: {printable(out, 4096)}"]
    return lines + [f"contact sheet: {printable(str(page), 4096)}" for page in result.sheets]


def as_json(result: RunResult, model: ModelName, colorizer: Colorizer) -> dict[str, object]:
    """Return what became of a run, as values that JSON can hold."""
    from colorzoo.core.devices import described, device_of

    return {
        "colorizer": model.name,
        "weights": model.weights,
        "device": described(device_of(colorizer), result.threads),
        "workers": result.workers,
        "seed": result.seed,
        "seconds": round(result.seconds, 3),
        "wall_seconds": round(result.wall, 3),
        "megapixels": round(result.megapixels, 3),
        "manifest": str(result.manifest) if result.manifest else None,
        "files": {str(path): [str(file) for file in files] for path, files in result.files.items()},
        "pages": {str(path): vars(counts) for path, counts in result.pages.items()},
        "sheets": [str(page) for page in result.sheets],
        "coloured": result.done,
        "before": result.before,
        "failed": result.failed,
        "passed_by": result.passed_by,
        "failures": result.failure_lines(),
        "notes": result.note_lines(),
        "interrupted": result.interrupted,
    }
