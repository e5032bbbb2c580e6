"""The command line that the speed benchmarks share: measure, print, write JSON and a Markdown table."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import torch


def main(description: str | None, measures: Mapping[str, Callable[[], object]]) -> None:
    """Measure everything on --threads threads; print it, and write it to --out."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    result = {name: measure() for name, measure in measures.items()} | {"threads": options.threads}
    show(result, options.out)


def show(result: Mapping[str, object], out: Path | None) -> None:
    """Print the result, and write it if told where."""
    print(json.dumps(result, indent=1))
    if out:
        write(out, result)


def write(path: Path, result: Mapping[str, object]) -> None:
    """Write path.json, and path.md with one row a value; nested names are joined."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    rows = [f"| {name} | {value} |" for name, value in _flat(result)]
    path.with_suffix(".md").write_text("\n".join(["| measured | value |", "|---|---|", *rows]) + "\n")


def _flat(result: Mapping[str, object], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in result.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}: ")
        else:
            yield above + name, _short(value)


def _short(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    return str(value)
