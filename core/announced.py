"""Checks what a plugin announces by its hooks, and that its classes derive from their bases."""

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
FILES = ("register_weights", "register_sites", "register_protocols")
"""Hooks that return paths of TOML files."""
NAME = re.compile(r"[a-z0-9][a-z0-9@-]*")
"""What users type: lower case letters and digits with dashes."""


@dataclass(frozen=True)
class Implementation:
    """One plugin's implementation of a hook; `call` takes all arguments of the hook by name."""

    hook: str
    plugin: str
    call: Callable[..., Any]


@dataclass(frozen=True)
class LoadFailure:
    """An entry point that was left out, and why."""

    name: str
    distribution: str
    version: str
    reason: str

    def __str__(self) -> str:
        return f"plugin {self.name!r} of {self.distribution} was left out: {self.reason}"


def implementations(manager: pluggy.PluginManager, plugin: str) -> Iterator[Implementation]:
    """Yield the hooks that a registered plugin implements.

    Raises:
        PluginError: one is a wrapper, which would change what others announce.
    """
    module = manager.get_plugin(plugin)
    for caller in manager.get_hookcallers(module) or ():
        for hooked in caller.get_hookimpls():
            if hooked.plugin is module:
                if hooked.wrapper or hooked.hookwrapper:
                    raise PluginError(
                        f"{caller.name} is a wrapper, which would change what others announce"
                    )
                yield Implementation(caller.name, plugin, partial(_call, hooked))


def entries(hooked: Iterator[Implementation] | list[Implementation]) -> list[tuple[str, hooks.Entry]]:
    """Return the kinds and entries that the hooks announce.

    Raises:
        PluginError: an entry is malformed or announced twice, or a hook fails.
    """
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
    """Return the files that a hook announces.

    Raises:
        PluginError: it returns something else, or fails.
    """
    paths = list(implementation.call() or ())
    for path in paths:
        if not isinstance(path, Path):
            raise PluginError(f"{implementation.hook} returned {path!r}, expected paths")
    return paths


def check_api(plugin: object) -> None:
    """Check that a plugin was written for this API; `colorzoo_api` is "1" if it states none.

    Raises:
        PluginError: it was written for another.
    """
    version = getattr(plugin, "colorzoo_api", "1")
    if str(version) != hooks.API:
        raise PluginError(
            f"it was written for plugin API {version}, this colorzoo speaks {hooks.API}; "
            f"install a version of it for API {hooks.API}, or another colorzoo"
        )


def problems(target: object, kind: str) -> Iterator[str]:
    """Yield how a class breaks the contract of its kind."""
    module, _, name = BASES[kind].partition(":")
    base: type[Any] = getattr(importlib.import_module(module), name)
    if not (isinstance(target, type) and issubclass(target, base)):
        yield f"is not a {base.__name__} class"
        return
    missing = sorted(getattr(target, "__abstractmethods__", ()))
    if missing:
        yield f"does not define {', '.join(missing)}, which a {base.__name__} must"
    for attribute in ("Config", "Options") if kind == "colorizer" else ():
        expected, got = getattr(base, attribute), getattr(target, attribute)
        if not (isinstance(got, type) and issubclass(got, expected)):
            yield f"has {attribute} = {got!r}, expected a class that derives from {expected.__name__}"


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
