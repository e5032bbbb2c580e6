"""Finds the plugins, keeps what they announce, and imports a class when it is asked for."""

from __future__ import annotations

import importlib
import json
import os
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, PackageNotFoundError, distribution, entry_points
from typing import Any, get_args

import pluggy

from colorzoo.core import hooks
from colorzoo.core.errors import PluginError, UnknownNameError

KINDS = get_args(hooks.Kind)
OWN = "colorzoo"


class PluginWarning(UserWarning):
    """A plugin was left out; the message names its distribution and the reason."""


@dataclass(frozen=True)
class Registered:
    """One announced class, with who announced it."""

    kind: str
    entry: hooks.Entry
    plugin: str
    distribution: str
    version: str

    def load(self) -> type[Any]:
        """Import the class and check that it is what it says."""
        module, _, name = self.entry.target.partition(":")
        try:
            found = getattr(importlib.import_module(module), name)
        except Exception as error:  # a plugin may raise anything at import
            raise PluginError(f"{self._who()}: {self.entry.target} does not import: {error!r}") from error
        for problem in _problems(found, self.kind):
            raise PluginError(f"{self._who()}: {self.entry.target} {problem}")
        kind: type[Any] = found
        return kind

    def _who(self) -> str:
        return f"{self.kind} {self.entry.name!r} of {self.distribution} {self.version}"


@dataclass(frozen=True)
class Failure:
    """An entry point that was left out, and why."""

    name: str
    distribution: str
    version: str
    reason: str

    def __str__(self) -> str:
        return f"plugin {self.name!r} of {self.distribution} was left out: {self.reason}"


@dataclass
class Registry:
    """What all loaded plugins announce, by kind and name. A plugin gets in whole or not at all."""

    manager: pluggy.PluginManager
    things: dict[str, dict[str, Registered]] = field(default_factory=lambda: {k: {} for k in KINDS})
    failures: list[Failure] = field(default_factory=list)

    def add(self, name: str, plugin: object, distribution: str = "", version: str = "") -> None:
        """Register one plugin object; if anything is wrong the registry is left unchanged."""
        if self.manager.has_plugin(name):
            raise PluginError(f"the name {name!r} of its entry point is taken by another plugin")
        try:
            _check_api(plugin)
            self.manager.register(plugin, name)
            self.manager.check_pending()
            found = self._announced(name, plugin, distribution, version)
            clashes = [self._clash(item) for item in found if item.entry.name in self.things[item.kind]]
            if clashes:
                raise PluginError("; ".join(clashes))
        except BaseException:
            if self.manager.has_plugin(name):
                self.manager.unregister(name=name)
            raise
        for item in found:
            self.things[item.kind][item.entry.name] = item

    def names(self, kind: str) -> list[str]:
        """Return the names of a kind, sorted."""
        return sorted(self.things[kind])

    def find(self, kind: str, name: str) -> Registered:
        """Return what goes by that name, or suggest close ones."""
        if name in self.things[kind]:
            return self.things[kind][name]
        names = ", ".join(failure.name for failure in self.failures)
        broken = f"not loaded: {names}; colorzoo doctor says why" if names else ""
        raise UnknownNameError(kind, name, self.things[kind], hint=broken)

    def _announced(self, name: str, plugin: object, dist: str, version: str) -> list[Registered]:
        found: list[Registered] = []
        callers = {caller.name: caller for caller in self.manager.get_hookcallers(plugin) or ()}
        for kind in KINDS:
            caller = callers.get(f"register_{kind}s")
            hooked = [impl for impl in caller.get_hookimpls() if impl.plugin is plugin] if caller else []
            for entry in _called(hooked[0].function) if hooked else ():
                if not isinstance(entry, hooks.Entry) or ":" not in entry.target:
                    raise PluginError(f"register_{kind}s returned {entry!r}, expected Entry objects")
                if any(other.kind == kind and other.entry.name == entry.name for other in found):
                    raise PluginError(f"{kind} {entry.name!r} is announced twice")
                found.append(Registered(kind, entry, name, dist, version))
        return found

    def _clash(self, item: Registered) -> str:
        first = self.things[item.kind][item.entry.name]
        return f"{item.kind} {item.entry.name!r} is already taken by {first.distribution}"


def load_plugins(
    found: Iterable[EntryPoint] | None = None, environ: Mapping[str, str] = os.environ
) -> Registry:
    """Load every entry point of the group `colorzoo`, our own first, each on its own.

    A broken one is warned about and left out, or raised with COLORZOO_STRICT_PLUGINS=1;
    COLORZOO_PLUGINS=a,b loads only those. (pluggy's own loader stops at the first broken plugin.)
    """
    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    registry = Registry(manager)
    chosen = [name for name in environ.get("COLORZOO_PLUGINS", "").split(",") if name]
    points = _entry_points() if found is None else found
    for point in sorted(points, key=lambda p: (_distribution(p) != OWN, p.name, _distribution(p))):
        if chosen and point.name not in chosen:
            continue
        try:
            if point.group != hooks.PROJECT:
                raise PluginError(f"its group is {point.group!r}, expected {hooks.PROJECT!r}")
            registry.add(point.name, point.load(), _distribution(point), _version(point))
        except Exception as error:  # a plugin may raise anything; the zoo goes on
            failure = Failure(point.name, _distribution(point), _version(point), _reason(error))
            if environ.get("COLORZOO_STRICT_PLUGINS", "0") not in ("", "0"):
                raise PluginError(str(failure)) from error
            registry.failures.append(failure)
            warnings.warn(str(failure), PluginWarning, stacklevel=2)
    return registry


@cache
def registry() -> Registry:
    """Return the registry of this process, loaded on first use."""
    return load_plugins()


def _check_api(plugin: object) -> None:
    """Refuse a plugin that was written for another API; one that does not say was written for the first."""
    wanted = getattr(plugin, "colorzoo_api", "1")
    if str(wanted) != hooks.API:
        raise PluginError(
            f"it was written for plugin API {wanted}, this colorzoo speaks {hooks.API}; "
            f"install a version of it for API {hooks.API}, or another colorzoo"
        )


@cache
def origin(name: str) -> str:
    """Say where a distribution came from: built in, an index, an address, or a folder."""
    if name == OWN:
        return "built in"
    try:
        text = distribution(name).read_text("direct_url.json")
    except PackageNotFoundError:
        return "unknown"
    if not text:
        return "an index"
    facts = json.loads(text)
    editable = facts.get("dir_info", {}).get("editable")
    return f"{facts['url'].removeprefix('file://')}{' (editable)' if editable else ''}"


def _called(hook: Any) -> Iterable[object]:
    return hook() or ()


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "unknown"


def _version(point: EntryPoint) -> str:
    return point.dist.version if point.dist else ""


def _entry_points() -> list[EntryPoint]:
    """Return those of our group, and those of groups that somebody took for ours."""
    everything = entry_points()
    near = [group for group in everything.groups if re.match(rf"{hooks.PROJECT}($|[._-])", group)]
    return [point for group in near for point in everything.select(group=group)]


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, PluginError) else f"{type(error).__name__}: {text}"


def _problems(found: object, kind: str) -> Iterator[str]:
    """Say in what a class is not what its kind asks for."""
    module = importlib.import_module(f"colorzoo.core.{kind}")
    base: type[Any] = getattr(module, kind.capitalize())
    if not (isinstance(found, type) and issubclass(found, base)):
        yield f"is not a {base.__name__} class"
        return
    missing = sorted(getattr(found, "__abstractmethods__", ()))
    if missing:
        yield f"does not define {', '.join(missing)}, which a {base.__name__} must"
    for part in ("Config", "Options") if kind == "colorizer" else ():
        wanted, got = getattr(base, part), getattr(found, part)
        if not (isinstance(got, type) and issubclass(got, wanted)):
            yield f"has {part} = {got!r}, expected a class that derives from {wanted.__name__}"
