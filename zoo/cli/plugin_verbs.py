"""Verbs that plugins add: each plugin fills an outline of the command line, and takes no verb of others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer
from typer.main import get_command_name, get_group
from typer.models import CommandInfo, TyperInfo

from colorzoo.cli.lazy import add_lazily
from colorzoo.core.announced import Implementation
from colorzoo.core.errors import PluginError
from colorzoo.core.registry import BUILTIN_DISTRIBUTION, Registry

if TYPE_CHECKING:
    from typer._click.core import Command

NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
Words = tuple[str, ...]


@dataclass(frozen=True)
class Outline:
    """A group of the command line, and the empty one with the same groups that a plugin is given."""

    words: Words
    group: typer.Typer
    empty: typer.Typer


@dataclass(frozen=True)
class Addition:
    """A verb or group that a plugin added to a group, and the command that it builds into."""

    group: typer.Typer
    info: CommandInfo | TyperInfo
    command: Command

    def join(self) -> None:
        """Add it to the command line; a verb that is built is not built again."""
        if isinstance(self.info, TyperInfo):
            self.group.registered_groups.append(self.info)
            return
        built = self.command
        shown = {name: getattr(self.info, name) for name in ("short_help", "hidden", "deprecated")}
        add_lazily(self.group, str(built.name), lambda: built, help=built.help, **shown)


def add(cli: typer.Typer, registry: Registry) -> None:
    """Let every plugin add its verbs; one that fails or takes a verb that is there is left out whole."""
    owners = dict.fromkeys(_taken(cli), BUILTIN_DISTRIBUTION)

    def use(implementation: Implementation, distribution: str) -> None:
        outlines = _outlines(cli)
        implementation.call(cli=outlines[0].empty)
        added: dict[Words, Addition] = {}
        for outline in outlines:
            for info in _additions(outline, outlines):
                addition = Addition(outline.group, info, _built(info))
                words = (*outline.words, str(addition.command.name))
                if words in owners or words in added:
                    owner = owners.get(words, distribution)
                    raise PluginError(f"the verb {' '.join(words)!r} is already taken by {owner}")
                added[words] = addition
        for addition in added.values():
            addition.join()
        owners.update(dict.fromkeys(added, distribution))

    registry.each("register_commands", use)


def _outlines(group: typer.Typer, words: Words = ()) -> list[Outline]:
    """Return the outline of a group, and behind it those of the groups within."""
    empty, within = typer.Typer(), []
    for info in group.registered_groups:
        if info.typer_instance:
            inner = _outlines(info.typer_instance, (*words, str(info.name)))
            empty.add_typer(inner[0].empty, name=str(info.name))
            within += inner
    return [Outline(words, group, empty), *within]


def _taken(cli: typer.Typer) -> list[Words]:
    """Return the words of every verb and group that is there."""
    outlines = _outlines(cli)
    commands = [
        (*outline.words, info.name or get_command_name(getattr(info.callback, "__name__", "")))
        for outline in outlines
        for info in outline.group.registered_commands
    ]
    return commands + [outline.words for outline in outlines]


def _additions(outline: Outline, outlines: list[Outline]) -> list[CommandInfo | TyperInfo]:
    own = [other.empty for other in outlines]
    groups = [info for info in outline.empty.registered_groups if info.typer_instance not in own]
    return [*outline.empty.registered_commands, *groups]


def _built(info: CommandInfo | TyperInfo) -> Command:
    """Return what a verb builds into, with its name; it is seen here whether it can be built at all."""
    trial = typer.Typer(add_completion=False, rich_markup_mode=None)
    if isinstance(info, CommandInfo):
        trial.registered_commands.append(info)
    else:
        trial.registered_groups.append(info)
    ((name, command),) = get_group(trial).commands.items()
    if not NAME.fullmatch(name):
        raise PluginError(f"the verb {name!r}: expected lower case letters and digits with dashes")
    info.name = name
    return command
