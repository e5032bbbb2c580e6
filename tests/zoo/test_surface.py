"""What plugins are written against: listed, and changed only with a line in the changelog.

`make docs` writes docs/plugins/api.md and docs/plugins/hooks.md anew.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import get_origin

import pydantic

from colorzoo.core import hooks

ROOT = Path(__file__).parents[2]
API, HOOKS = ROOT / "docs" / "plugins" / "api.md", ROOT / "docs" / "plugins" / "hooks.md"
MODULES = ("colorzoo", "colorzoo.core", "colorzoo.testing")
SKIPPED = (object, pydantic.BaseModel, Exception)


def surface(module: str) -> str:
    """Return the public names of a module with their signatures, as Markdown."""
    found = importlib.import_module(module)
    parts = [f"## {module}\n\n{inspect.getdoc(found).splitlines()[0]}\n"]
    for name in sorted(found.__all__):
        thing = getattr(found, name)
        lines = "\n".join(signatures(name, thing))
        parts.append(
            f"### {name}\n\n{alias_explained(name, thing) or about(thing)}\n\n```python\n{lines}\n```\n"
        )
        parts += explained(thing)
    return "\n".join(parts)


def about(thing: object) -> str:
    if isinstance(thing, str):
        return "The installed version."
    return inspect.getdoc(thing) or ""


def explained(thing: object) -> Iterator[str]:
    """Return what docstrings of a class's own methods, or a module's functions, say: an item each."""
    if not (inspect.isclass(thing) or inspect.ismodule(thing)):
        return
    if inspect.isclass(thing) and thing.__module__.startswith("colorzoo"):
        yield from fields_explained(thing)
    for name, member in vars(thing).items():
        function = getattr(member, "__func__", getattr(member, "func", getattr(member, "fget", member)))
        own = inspect.isfunction(function) and function.__module__ == getattr(
            thing, "__module__", thing.__name__
        )
        if own and function.__doc__ and not name.startswith("_"):
            text = inspect.cleandoc(function.__doc__).replace("\n", "\n  ").replace("  \n", "\n")
            yield f"- `{name}`: {text}\n"


def fields_explained(cls: type) -> Iterator[str]:
    """Return what is said of a class's own fields: below them, or in their descriptions; an item each."""
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    said = dict(assigned(node.body))
    if issubclass(cls, pydantic.BaseModel):
        described = {name: field.description for name, field in cls.model_fields.items()}
        said = {name: text for name, text in described.items() if text} | said
    own = inspect.get_annotations(cls)
    yield from (f"- `{name}`: {text}\n" for name, text in said.items() if name in own and name[0] != "_")


def assigned(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    """Yield the names that are assigned, with the text that stands below."""
    for node, below in pairwise(body):
        target = node.target if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [None])[0]
        text = getattr(getattr(below, "value", None), "value", None)
        if isinstance(target, ast.Name) and isinstance(below, ast.Expr) and isinstance(text, str):
            yield target.id, inspect.cleandoc(text).replace("\n", "\n  ")


def alias_explained(name: str, thing: object) -> str:
    """Return what stands below the definition of a type that has no class of its own."""
    if get_origin(thing) is None:
        return ""
    modules = [module for module in sys.modules.values() if vars(module).get(name) is thing]
    said = (dict(assigned(ast.parse(inspect.getsource(m)).body)).get(name, "") for m in modules)
    return next(filter(None, said), "")


def signatures(name: str, thing: object) -> Iterator[str]:
    if inspect.isclass(thing):
        bases = ", ".join(base.__name__ for base in thing.__bases__ if base is not object)
        yield f"class {name}({bases})" if bases else f"class {name}"
        yield from (f"    {line}" for line in members(thing))
    elif inspect.ismodule(thing):
        functions = inspect.getmembers(thing, inspect.isfunction)
        yield from (
            f"{n}{signature(f)}"
            for n, f in functions
            if not n.startswith("_") and f.__module__ == thing.__name__
        )
    elif get_origin(thing) is not None:
        yield f"{name} = {thing.__origin__}"
    elif callable(thing):
        try:
            yield f"{name}{signature(thing)}"
        except ValueError:
            yield name
    else:
        yield f"{name}: {type(thing).__name__}"


def signature(function: object) -> str:
    """Return the signature without quotes around its annotations."""
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(function)))


def written(model: type, field: str) -> str:
    """Return the annotation of a field as its class writes it."""
    owner = next(cls for cls in model.__mro__ if field in inspect.get_annotations(cls))
    return str(inspect.get_annotations(owner)[field]).strip("'")


def members(thing: type) -> Iterator[str]:
    """Return fields, class attributes and public methods that the class itself defines."""
    if issubclass(thing, pydantic.BaseModel):
        for field, facts in thing.model_fields.items():
            default = "" if facts.is_required() else f" = {facts.get_default(call_default_factory=True)!r}"
            yield f"{field}: {written(thing, field)}{default}"
    else:
        for field, kind in inspect.get_annotations(thing).items():
            if not field.startswith("_"):
                yield f"{field}: {kind}"
    for field, value in vars(thing).items():
        function = getattr(value, "__func__", value)
        wanted = not field.startswith("_") or field in ("__init__", "__call__")
        if isinstance(value, property | cached_property):
            if not field.startswith("_"):
                yield f"{field}: property"
        elif inspect.isfunction(function) and wanted and function.__module__.startswith("colorzoo"):
            mark = "abstract " if getattr(function, "__isabstractmethod__", False) else ""
            yield f"{mark}{field}{signature(function)}"


def api() -> str:
    """Return docs/plugins/api.md."""
    head = (
        f"# The stable surface\n\nPlugin API {hooks.API}. Written by `make docs` from the code, compared "
        "by the tests; its digest stands in the changelog, so that nothing here changes unnoticed.\n"
    )
    return "\n".join([head, *(surface(module) for module in MODULES)])


def digest(text: str) -> str:
    """Return what the changelog must name: of signatures alone, so prose may change."""
    blocks = re.findall(r"```python\n.*?```|^###.*$", text, re.S | re.M)
    return hashlib.sha256("\n".join(blocks).encode()).hexdigest()[:12]


def hook_reference() -> str:
    """Return docs/plugins/hooks.md."""
    parts = [
        "# The hooks\n\nWritten by `make docs` from `core/hooks.py`. Mark an implementation with "
        "`@hookimpl` from `colorzoo.core`; take only the arguments you use. A misspelt hook is an error.\n"
    ]
    for name, function in vars(hooks).items():
        if inspect.isfunction(function) and name.startswith("register_"):
            parts.append(
                f"## {name}\n\n```python\n@hookimpl\ndef {name}{signature(function)}\n```\n\n"
                f"{inspect.getdoc(function)}\n"
            )
    parts.append(f"## Entry\n\n{inspect.getdoc(hooks.Entry)}\n\n```python\n" + "\n".join(
        signatures("Entry", hooks.Entry)) + "\n```\n")  # fmt: skip
    return "\n".join(parts)


def test_the_references_are_current():
    assert API.read_text() == api(), "run: make docs"
    assert HOOKS.read_text() == hook_reference(), "run: make docs"


def test_the_reference_says_all_of_a_docstring():
    from colorzoo.core import Asset, Batch, Colorizer, Dataset, Metric, PairSequence, SequenceMetric

    text = " ".join(api().split())
    for function in (
        Colorizer.colorize, Colorizer.depends, Colorizer.adopt, Metric.update_pair, Metric.merge, Asset.of,
        Batch.mirrored, Dataset.guidance, PairSequence.beside, SequenceMetric.measure_sequence,
    ):  # fmt: skip
        assert " ".join(inspect.getdoc(function).split()) in text


def test_the_reference_says_what_stands_below_and_in_fields():
    text = api()
    assert "- `deterministic`: True when every sample of a picture is the same" in text
    assert "- `takes`: fields of Guidance that it follows" in text
    assert "Any number of files: one, a list, JSON" in text


def test_no_signature_changes_without_a_line_in_the_changelog():
    found = re.findall(r"surface `([0-9a-f]{12})`", (ROOT / "CHANGELOG.md").read_text())
    assert found, "the changelog names no surface"
    assert found[0] == digest(api()), (
        "the stable surface has changed: say in the changelog what changed, and name "
        f"surface `{digest(api())}` there; raise colorzoo.core.hooks.API where plugins break"
    )


def test_every_public_name_is_there_and_explained():
    for module in MODULES:
        found = importlib.import_module(module)
        for name in found.__all__:
            assert about(getattr(found, name)), f"{module}.{name} has no docstring"


def write() -> None:
    """Write both documents."""
    API.write_text(api())
    HOOKS.write_text(hook_reference())
