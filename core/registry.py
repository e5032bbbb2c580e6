"""Finds the plugins, keeps what they announce, and imports a class when it is asked for."""

from __future__ import annotations

import importlib
import os
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, TypeVar

import pluggy

from colorzoo.core import announced, hooks
from colorzoo.core.announced import KINDS, Implementation, LoadFailure
from colorzoo.core.distributions import BUILTIN_DISTRIBUTION, owner_of, plugin_points
from colorzoo.core.errors import ColorzooError, PluginError, UnknownNameError
from colorzoo.core.isolation import isolated, reason

__all__ = [
    "BUILTIN_DISTRIBUTION",
    "KINDS",
    "LoadFailure",
    "PluginWarning",
    "RegisteredPlugin",
    "Registry",
    "load_plugins",
    "registry",
]
SLOW = 1.0
"""Seconds that a plugin may take to import before it is named: every command waits for it."""
T = TypeVar("T")


class PluginWarning(UserWarning):
    """A plugin was left out; the message names its distribution and the reason."""


@dataclass(frozen=True)
class RegisteredPlugin:
    """One announced class, with who announced it."""

    kind: str
    entry: hooks.Entry
    plugin: str
    distribution: str
    version: str

    def load(self) -> type[Any]:
        """Return the class, imported and checked.

        Raises:
            PluginError: it does not import, or breaks the contract of its kind.
        """
        module, _, name = self.entry.target.partition(":")
        with isolated(f"{self._who()}: {self.entry.target} does not import"):
            target: type[Any] = getattr(importlib.import_module(module), name)
        for problem in announced.problems(target, self.kind):
            raise PluginError(f"{self._who()}: {self.entry.target} {problem}")
        return target

    def _who(self) -> str:
        return f"{self.kind} {self.entry.name!r} of {self.distribution} {self.version}"


@dataclass
class Registry:
    """What all loaded plugins announce, by kind and name. A plugin gets in whole or not at all."""

    manager: pluggy.PluginManager
    strict: bool = False
    """Raise where a plugin would be left out."""
    entries: dict[str, dict[str, RegisteredPlugin]] = field(default_factory=lambda: {k: {} for k in KINDS})
    failures: list[LoadFailure] = field(default_factory=list)
    owners: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Distribution and version by plugin."""
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each plugin took to import."""

    def load(self, point: EntryPoint) -> None:
        """Import and add the plugin of an entry point; one that fails is left out."""
        owner, start = owner_of(point), time.perf_counter()
        try:
            with isolated():
                if point.group != hooks.PROJECT:
                    raise PluginError(f"its group is {point.group!r}, expected {hooks.PROJECT!r}")
                plugin = point.load()
                self.seconds[point.name] = time.perf_counter() - start
                self.add(point.name, plugin, *owner)
        except ColorzooError as error:
            self.failed(LoadFailure(point.name, *owner, reason(error)))
        except KeyboardInterrupt:
            _warn(f"interrupted while plugin {point.name!r} of {owner[0]} was being imported")
            raise
        self._warn_if_slow(point.name, owner[0])

    def _warn_if_slow(self, name: str, distribution: str) -> None:
        if (seconds := self.seconds.get(name, 0)) > SLOW:
            _warn(f"plugin {name!r} of {distribution} {slowness(seconds)}")

    def add(self, name: str, plugin: object, distribution: str = "", version: str = "") -> None:
        """Register one plugin object; if anything is wrong the registry is left unchanged."""
        if self.manager.has_plugin(name):
            raise PluginError(f"the name {name!r} of its entry point is taken by another plugin")
        try:
            announced.check_api(plugin)
            self.manager.register(plugin, name)
            self.manager.check_pending()
            hooked = list(announced.implementations(self.manager, name))
            items = [
                RegisteredPlugin(kind, entry, name, distribution, version)
                for kind, entry in announced.entries(hooked)
            ]
            for one in hooked:
                if one.hook in announced.FILES:
                    announced.files(one)
            clashes = [self._clash(item) for item in items if item.entry.name in self.entries[item.kind]]
            if clashes:
                raise PluginError("; ".join(clashes))
        except BaseException:
            if self.manager.has_plugin(name):
                self.manager.unregister(name=name)
            raise
        self.owners[name] = (distribution, version)
        for item in items:
            self.entries[item.kind][item.entry.name] = item

    def names(self, kind: str) -> list[str]:
        """Return the names of a kind, sorted."""
        return sorted(self.entries[kind])

    def find(self, kind: str, name: str) -> RegisteredPlugin:
        """Return the plugin of that kind and name.

        Raises:
            UnknownNameError: there is none; the message suggests close names.
        """
        if name in self.entries[kind]:
            return self.entries[kind][name]
        names = ", ".join(failure.name for failure in self.failures)
        broken = f"not loaded: {names}; colorzoo doctor says why" if names else ""
        raise UnknownNameError(kind, name, self.entries[kind], hint=broken)

    def each(self, hook: str, use: Callable[[Implementation, str], T]) -> list[T]:
        """Call `use` with every plugin's implementation of a hook and its distribution, our own first.

        A plugin that fails in it is left out whole.
        """
        results = []
        for name, _ in self.manager.list_name_plugin():
            try:
                with isolated():
                    for one in announced.implementations(self.manager, name):
                        if one.hook == hook:
                            results.append(use(one, self._owner(name)[0]))
            except ColorzooError as error:
                self.leave_out(name, error)
        return results

    def gather(
        self,
        hook: str,
        read: Callable[[Path, str], Iterable[T]],
        key: Callable[[T], str],
        built_in: Iterable[T] = (),
    ) -> list[T]:
        """Return what is in the files that plugins announce by a hook.

        read: the content of a file, announced by a distribution. key: what a content is called, taken by
        the first one that has it. A plugin with a damaged file or a taken name is left out whole.
        """
        items = {key(item): (item, BUILTIN_DISTRIBUTION) for item in built_in}

        def use(one: Implementation, owner: str) -> None:
            new = [item for path in announced.files(one) for item in read(path, owner)]
            names = [key(item) for item in new]
            for index, name in enumerate(names):
                if name in items or name in names[:index]:
                    first = items[name][1] if name in items else "itself"
                    raise PluginError(f"{name} is already taken by {first}")
            items.update((key(item), (item, owner)) for item in new)

        self.each(hook, use)
        return [item for item, _ in items.values()]

    def leave_out(self, name: str, error: ColorzooError) -> None:
        """Unregister a plugin with all that it announced."""
        self.manager.unregister(name=name)
        for entries in self.entries.values():
            for item in [item for item in entries.values() if item.plugin == name]:
                del entries[item.entry.name]
        self.failed(LoadFailure(name, *self._owner(name), reason(error)))

    def failed(self, failure: LoadFailure) -> None:
        """Note and name what is left out; raise it in strict mode."""
        if self.strict:
            raise PluginError(str(failure))
        self.failures.append(failure)
        _warn(str(failure))

    def _owner(self, name: str) -> tuple[str, str]:
        return self.owners.get(name, ("unknown", ""))

    def _clash(self, item: RegisteredPlugin) -> str:
        first = self.entries[item.kind][item.entry.name]
        return f"{item.kind} {item.entry.name!r} is already taken by {first.distribution}"


def load_plugins(
    points: Iterable[EntryPoint] | None = None, environ: Mapping[str, str] = os.environ
) -> Registry:
    """Load every entry point of the group `colorzoo`, our own first, each on its own.

    A broken one is warned about and left out, or raised with COLORZOO_STRICT_PLUGINS=1;
    COLORZOO_PLUGINS=a,b loads only those. (pluggy's own loader stops at the first broken plugin.)
    """
    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    registry = Registry(manager, strict=environ.get("COLORZOO_STRICT_PLUGINS", "0") not in ("", "0"))
    chosen = [name for name in environ.get("COLORZOO_PLUGINS", "").split(",") if name]
    available, damaged = plugin_points() if points is None else (points, {})
    for point in sorted(
        available, key=lambda p: (owner_of(p)[0] != BUILTIN_DISTRIBUTION, p.name, owner_of(p))
    ):
        if not chosen or point.name in chosen:
            registry.load(point)
    for owner, problem in damaged.items():
        registry.failed(LoadFailure(owner[0], *owner, problem))
    return registry


@cache
def registry() -> Registry:
    """Return the registry of this process, loaded on first use."""
    return load_plugins()


def slowness(seconds: float) -> str:
    """Return a clause that says how slow an import is."""
    return f"takes {seconds:.1f} seconds to import, and every command waits for it"


def _warn(message: str) -> None:
    warnings.warn(message, PluginWarning, stacklevel=3)
