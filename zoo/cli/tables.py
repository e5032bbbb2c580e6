"""Listings, as a table for people or JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any


def show(rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """Print rows with the same keys: folded to the width of a terminal, else each on one line."""
    if as_json:
        print(json.dumps(list(rows), indent=2))
    elif not rows:
        print("none")
    else:
        heads = [head.upper() for head in rows[0]]
        cells = [[_text(value) for value in row.values()] for row in rows]
        (_print_folded if sys.stdout.isatty() else _print_lines)(heads, cells)


def _print_folded(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    from rich.console import Console  # as long to import as the rest of a listing that goes to a program
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in cells:
        table.add_row(*map(Text, row))
    Console().print(table)


def _print_lines(heads: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    rows = [heads, *cells]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _text(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
