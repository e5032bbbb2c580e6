"""What one plugin announces by its hooks, checked; and whether a class is what its entry says."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pluggy

from colorzoo.core import hooks
from colorzoo.core.errors import PluginError
from colorzoo.core.isolation import isolated

KINDS = get_args(hooks.Kind)
BASES = {kind: f"colorzoo.core.interfaces.{kind}:{kind.capitalize()}" for kind in KINDS}
"""What the classes of a kind derive from."""
FILES = ("register_weights", "register_sites")
"""Hooks that return paths of TOML files."""
NAME = re.compile(r"[a-z0-9][a-z0-9@-]*")
"""What users type: lower case letters and digits with dashes."""


@dataclass(frozen=True)
class Implementation:
    """One plugin's implementation of a hook; `call` takes all arguments of the hook by name."""

    hook: str
    plugin: str
    call: Callable[..., Any]


def implementations(manager: pluggy.PluginManager, plugin: str) -> Iterator[Implementation]:
    """Yield the hooks that a registered plugin implements; wrappers, which change others', are refused."""
    module = manager.get_plugin(plugin)
    for caller in manager.get_hookcallers(module) or ():
        for found in caller.get_hookimpls():
            if found.plugin is module:
                if found.wrapper or found.hookwrapper:
                    raise PluginError(
                        f"{caller.name} is a wrapper, which would change what others announce"
                    )
                yield Implementation(caller.name, plugin, partial(_call, found))


def entries(hooked: Iterator[Implementation] | list[Implementation]) -> list[tuple[str, hooks.Entry]]:
    """Call the hooks that announce classes; return kinds and entries."""
    announced: dict[tuple[str, str], hooks.Entry] = {}
    for kind in KINDS:
        for implementation in hooked:
            if implementation.hook == f"register_{kind}s":
                for entry in implementation.call() or ():
                    _check_entry(implementation.hook, entry)
                    if (kind, entry.name) in announced:
                        raise PluginError(f"{kind} {entry.name!r} is announced twice")
                    announced[kind, entry.name] = entry
    return [(kind, entry) for (kind, _), entry in announced.items()]


def files(implementation: Implementation) -> list[Path]:
    """Call a hook that announces files."""
    paths = list(implementation.call() or ())
    for path in paths:
        if not isinstance(path, Path):
            raise PluginError(f"{implementation.hook} returned {path!r}, expected paths")
    return paths


def check_api(plugin: object) -> None:
    """Refuse a plugin that was written for another API; one that does not say was written for the first."""
    wanted = getattr(plugin, "colorzoo_api", "1")
    if str(wanted) != hooks.API:
        raise PluginError(
            f"it was written for plugin API {wanted}, this colorzoo speaks {hooks.API}; "
            f"install a version of it for API {hooks.API}, or another colorzoo"
        )


def problems(target: object, kind: str) -> Iterator[str]:
    """Say in what a class is not what its kind asks for."""
    module, _, name = BASES[kind].partition(":")
    base: type[Any] = getattr(importlib.import_module(module), name)
    if not (isinstance(target, type) and issubclass(target, base)):
        yield f"is not a {base.__name__} class"
        return
    missing = sorted(getattr(target, "__abstractmethods__", ()))
    if missing:
        yield f"does not define {', '.join(missing)}, which a {base.__name__} must"
    for part in ("Config", "Options") if kind == "colorizer" else ():
        wanted, got = getattr(base, part), getattr(target, part)
        if not (isinstance(got, type) and issubclass(got, wanted)):
            yield f"has {part} = {got!r}, expected a class that derives from {wanted.__name__}"


def _call(implementation: Any, **given: object) -> Any:
    """Call a hook's implementation with those of the arguments that it takes, as pluggy does."""
    with isolated(implementation.function.__name__):
        return implementation.function(*(given[name] for name in implementation.argnames))


def _check_entry(hook: str, entry: object) -> None:
    if not isinstance(entry, hooks.Entry) or not isinstance(entry.target, str) or ":" not in entry.target:
        raise PluginError(f"{hook} returned {entry!r}, expected Entry objects")
    if not (isinstance(entry.name, str) and NAME.fullmatch(entry.name)):
        raise PluginError(f"{hook}: {entry.name!r}: names are lower case letters and digits with dashes")
    texts = (entry.summary, *entry.suffixes)
    if not all(isinstance(text, str) and text.isprintable() for text in texts):
        raise PluginError(f"{hook}: {entry.name}: summary and suffixes must be texts of one line")
