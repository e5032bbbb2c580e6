"""What the package imports is what pyproject declares."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("core", "plugins", "datasources", "zoo")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def normal(name):
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", name)[0]).lower()


DECLARED = {normal(line) for line in PROJECT["dependencies"]}
EXTRAS = {
    normal(line)
    for extra, lines in PROJECT["optional-dependencies"].items()
    for line in lines
    if extra != "dev"
}


def imported(path):
    """Yield the top names that a module imports, and whether it does so when it is imported itself."""
    tree = ast.parse(path.read_text())
    later = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.Try)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        for name in names:
            yield name.partition(".")[0], node not in later


@pytest.mark.parametrize("room", ROOMS)
def test_every_import_is_declared(room):
    owners = packages_distributions()
    undeclared = {}
    for path in sorted((ROOT / room).rglob("*.py")):
        for name, at_once in imported(path):
            if name in sys.stdlib_module_names or name == "colorzoo":
                continue
            allowed = DECLARED if at_once and room == "core" else DECLARED | EXTRAS
            if not {normal(owner) for owner in owners.get(name, [name])} & allowed:
                undeclared[name] = path.relative_to(ROOT).as_posix()
    assert not undeclared


def test_every_dependency_is_imported():
    names = {name for room in ROOMS for path in (ROOT / room).rglob("*.py") for name, _ in imported(path)}
    owners = packages_distributions()
    assert {normal(owner) for name in names for owner in owners.get(name, [])} >= DECLARED
