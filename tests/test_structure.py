"""The shape of the house: the order of rooms, unique names of modules, functions that fit a screen."""

from __future__ import annotations

import ast
import re
import statistics
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests import rooms

SOURCES = [path for folder in rooms.FOLDERS for path in sorted((rooms.ROOT / folder).rglob("*.py"))]
OF_EVERY_COLORIZER = {"__init__.py", "config.py", "model.py", "networks.py", "training.py"}
"""Names of files that the folder of every colorizer shares."""
PRIVATE_WORDS = re.compile(
    r"\b(acquaint|contestants?|examiner|exhibits?|verdicts?_of|exam|tint|players?|things)\b"
)
"""What the field calls by other names."""


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every function's name and its length in lines, signature and docstring included."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def test_functions_and_files_fit_the_screen():
    lengths = [(f"{path}:{name}", length) for path in SOURCES for name, length in functions(path)]
    ordered = sorted(length for _, length in lengths)
    assert statistics.median(ordered) <= 6
    assert ordered[int(0.9 * len(ordered))] <= 16
    assert [name for name, length in lengths if length > 60] == []
    assert [str(path) for path in SOURCES if len(path.read_text().splitlines()) > 250] == []


def test_no_module_name_stands_twice():
    counted = Counter(path.name for path in SOURCES if path.name not in OF_EVERY_COLORIZER)
    assert [name for name, count in counted.items() if count > 1] == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(rooms.ROOT).as_posix())
def test_identifiers_are_the_fields_words(path):
    names = {
        name
        for node in ast.walk(parsed(path))
        for name in (getattr(node, "id", None), getattr(node, "attr", None), getattr(node, "arg", None),
                     getattr(node, "name", None))
        if isinstance(name, str)
    }  # fmt: skip
    assert sorted(name for name in names if PRIVATE_WORDS.fullmatch(name)) == []


def test_no_room_imports_one_that_stands_above_it():
    """What import-linter holds, read by other eyes: the drawing is made from these."""
    order = rooms.layers()
    level = {room: number for number, row in enumerate(order) for room in row}
    upward = {(a, b) for a, b in rooms.edges(list(level), rooms.imports()) if level[a] >= level[b]}
    assert upward == set()


def test_the_drawing_is_of_the_imports():
    assert rooms.DRAWING.read_text() == rooms.drawing(), "run: make docs"


def test_every_room_has_its_line_in_the_architecture():
    text = (rooms.ROOT / "docs" / "architecture.md").read_text()
    folders = [rooms._path(room) for row in rooms.layers() for room in row if rooms._is_folder(room)]
    assert [folder for folder in folders if f"| `{folder}/` |" not in text] == []
