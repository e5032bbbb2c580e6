"""The report of a training: losses over the steps as SVG, and its previews, in one HTML file."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from colorzoo.core.errors import DataError, printable
from colorzoo.core.files import atomic_write
from colorzoo.report.line_chart import Line, Point, chart
from colorzoo.report.training_previews import previews

LOG, PAGE = "log.jsonl", "training.html"
MAX_BYTES = 1 << 28
VALIDATION = "validation"
NO_LOSS = {"stage", "step", "seconds", "learning_rate"}
Curves = Mapping[str, Sequence[Point]]
STYLE = """
:root { --paper: #fff; --ink: #232323; --soft: #62625e; --line: #dededa;
  --first: #0b5fa5; --second: #b3541e; }
@media (prefers-color-scheme: dark) { :root { --paper: #17181a; --ink: #e6e6e3; --soft: #a3a4a0;
  --line: #36373a; --first: #7cc0f4; --second: #f0a36b; } }
html { background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", sans-serif; }
body { margin: 0 auto; max-width: 76rem; padding: 2rem clamp(1rem, 4vw, 3rem) 4rem;
  overflow-wrap: anywhere; }
h1 { font-size: 1.8rem; margin: 0; } h2 { font-size: 1.3rem; margin: 2.4rem 0 .2rem; }
p { color: var(--soft); margin: .2rem 0; }
.charts, .previews { display: grid; gap: 1.5rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 24rem), 1fr)); }
figure { margin: 1rem 0 0; } figcaption { font-size: .9rem; }
svg, img { display: block; width: 100%; height: auto; }
svg text { fill: var(--soft); font-size: 13px; } .grid { stroke: var(--line); }
.curve { fill: none; stroke-width: 2; stroke-linejoin: round; }
.first { stroke: var(--first); } .second { stroke: var(--second); } .best { fill: var(--second); }
b.first { color: var(--first); } b.second { color: var(--second); }
"""


def write_training_report(run: Path, target: Path | None = None) -> Path:
    """Write the page of a run folder, into it unless a file is named; return where it is.

    Raises:
        DataError: the folder has no log, or one without a step.
    """
    stages = read_log(run / LOG)
    parts = [_section(name, curves, run) for name, curves in stages.items()]
    title = escape(f"Training of {run.resolve().name}")
    text = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{STYLE}</style></head>\n"
        f"<body><h1>{title}</h1>\n{''.join(parts)}</body></html>\n"
    )
    path = target or run / PAGE
    with atomic_write(path) as file:
        file.write(text.encode())
    return path


def read_log(path: Path) -> dict[str, dict[str, list[Point]]]:
    """Return the curves of every stage by name, each a list of (step, value); torn lines are left out.

    Raises:
        DataError: it is absent, too large, or has no line of a training.
    """
    stages: dict[str, dict[str, list[Point]]] = {}
    for row in _rows(path):
        curves = stages.setdefault(str(row["stage"]), {})
        for name, value in row.items():
            if name not in NO_LOSS and isinstance(value, int | float) and math.isfinite(value):
                curves.setdefault(name, []).append((float(row["step"]), float(value)))
    if not any(stages.values()):
        raise DataError(f"{path}: no step is logged yet; look again when the training has made some")
    return stages


def _rows(path: Path) -> Iterator[dict[str, float | str]]:
    if not path.is_file():
        raise DataError(f"{path.parent}: no {LOG}; expected a folder that `colorzoo train` wrote")
    if path.stat().st_size > MAX_BYTES:
        raise DataError(f"{path}: larger than {MAX_BYTES:,} bytes, not the log of a training")
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):  # torn by a kill
            continue
        if isinstance(row, dict) and isinstance(row.get("step"), int) and "stage" in row:
            yield row


def _section(name: str, curves: Curves, run: Path) -> str:
    """Return what one stage shows: its charts, and the samples over time."""
    losses = {key: points for key, points in curves.items() if key != VALIDATION}
    held_out = curves.get(VALIDATION, [])
    if len(losses) == 1:  # the same quantity: one chart shows how far they are apart
        figures = [_figure(next(iter(losses)), next(iter(losses.values())), held_out)]
    else:
        figures = [_figure(VALIDATION, [], held_out)] if held_out else []
        figures += [_figure(key, points, []) for key, points in losses.items()]
    last = max(points[-1][0] for points in curves.values() if points)
    return (
        f"<h2>{escape(printable(name))}</h2><p>{last:,.0f} steps{_best(held_out)}</p>"
        f'<div class="charts">{"".join(figures)}</div>\n{previews(run, name)}'
    )


def _best(held_out: Sequence[Point]) -> str:
    """Return in words where the loss of held-out pictures was least."""
    if not held_out:
        return ""
    step, value = min(held_out, key=lambda point: point[1])
    return f"; validation is best at step {step:,.0f}: {value:.4g}, and {held_out[-1][1]:.4g} at the end"


def _figure(name: str, trained: Sequence[Point], held_out: Sequence[Point]) -> str:
    lines = [Line("first", trained), Line("second", held_out, best=True)]
    drawn = [line for line in lines if line.points]
    words = {"first": "training", "second": "held-out pictures"}
    legend = ", ".join(f'<b class="{line.kind}">{words[line.kind]}</b>' for line in drawn)
    label = escape(printable(name))
    return f"<figure>{chart(label, drawn)}<figcaption>{label}: {legend}</figcaption></figure>"
