"""Finds the plugins, keeps what they announce, and imports a class when it is asked for."""

from __future__ import annotations

import importlib
import os
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, entry_points
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
        base = _base(self.kind)
        if not (isinstance(found, type) and issubclass(found, base)):
            raise PluginError(f"{self._who()}: {self.entry.target} is not a {base.__name__} class")
        return found

    def _who(self) -> str:
        return f"{self.kind} {self.entry.name!r} of {self.distribution} {self.version}"


@dataclass
class Registry:
    """What all loaded plugins announce, by kind and name. A plugin gets in whole or not at all."""

    manager: pluggy.PluginManager
    things: dict[str, dict[str, Registered]] = field(default_factory=lambda: {k: {} for k in KINDS})
    failures: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, plugin: object, distribution: str = "", version: str = "") -> None:
        """Register one plugin object; if anything is wrong the registry is left unchanged."""
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
        broken = f"not loaded: {', '.join(self.failures)}" if self.failures else ""
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
    points = entry_points(group=hooks.PROJECT) if found is None else found
    for point in sorted(points, key=lambda p: (_distribution(p) != OWN, p.name)):
        if chosen and point.name not in chosen:
            continue
        try:
            version = point.dist.version if point.dist else ""
            registry.add(point.name, point.load(), _distribution(point), version)
        except Exception as error:  # a plugin may raise anything; the zoo goes on
            message = f"plugin {point.name!r} of {_distribution(point)} was left out: {_reason(error)}"
            if environ.get("COLORZOO_STRICT_PLUGINS", "0") not in ("", "0"):
                raise PluginError(message) from error
            registry.failures[point.name] = message
            warnings.warn(message, PluginWarning, stacklevel=2)
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


def _called(hook: Any) -> Iterable[object]:
    return hook() or ()


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else "unknown"


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, PluginError) else f"{type(error).__name__}: {text}"


def _base(kind: str) -> type[Any]:
    module = importlib.import_module(f"colorzoo.core.{kind}")
    base: type[Any] = getattr(module, kind.capitalize())
    return base
