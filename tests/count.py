"""Count what a folder of tests claims: `python -m tests.count [FOLDER]`, before and after a change."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

CALLS = {"raises", "warns", "approx", "assert_close", "fail"}
"""Calls that claim as an assertion does."""


def claims(path: Path) -> Iterator[str]:
    """Yield `tests` for each function that is one, and the kind of each assertion."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield "tests"
        elif isinstance(node, ast.Assert):
            yield "assert"
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", None) in CALLS:
            yield node.func.attr


if __name__ == "__main__":
    root = Path(sys.argv[1] if sys.argv[1:] else "tests")
    counted = Counter(claim for path in sorted(root.rglob("*.py")) for claim in claims(path))
    functions = counted.pop("tests")
    print(f"{functions} functions, {counted.total()} assertions: {dict(counted)}")
