"""Verbs that plugins add: each plugin fills an outline of the command line, and takes no verb of others."""

from __future__ import annotations

import re
from dataclasses import dataclass

import typer
from typer.main import get_command_name, get_group
from typer.models import CommandInfo, TyperInfo

from colorzoo.core.announced import Implementation
from colorzoo.core.errors import PluginError
from colorzoo.core.registry import BUILTIN_DISTRIBUTION, Registry

NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
Words = tuple[str, ...]


@dataclass(frozen=True)
class Outline:
    """A group of the command line, and the empty one with the same groups that a plugin is given."""

    words: Words
    group: typer.Typer
    empty: typer.Typer


def add_verbs(cli: typer.Typer, registry: Registry) -> None:
    """Let every plugin add its verbs; one that fails or takes a verb that is there is left out whole."""
    owners = dict.fromkeys(_taken(cli), BUILTIN_DISTRIBUTION)

    def use(implementation: Implementation, distribution: str) -> None:
        outlines = _outlines(cli)
        implementation.call(cli=outlines[0].empty)
        added = [(outline, info) for outline in outlines for info in _additions(outline, outlines)]
        verbs: dict[Words, tuple[typer.Typer, CommandInfo | TyperInfo]] = {}
        for outline, info in added:
            words = (*outline.words, _built(info))
            if words in owners or words in verbs:
                raise PluginError(
                    f"the verb {' '.join(words)!r} is already taken by {owners.get(words, distribution)}"
                )
            verbs[words] = outline.group, info
        for group, info in verbs.values():
            _join(group, info)
        owners.update(dict.fromkeys(verbs, distribution))

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


def _built(info: CommandInfo | TyperInfo) -> str:
    """Return the name of a verb; it is built to see whether it can be, since typer builds all at once."""
    trial = typer.Typer(add_completion=False, rich_markup_mode=None)
    _join(trial, info)
    (name,) = get_group(trial).commands
    if not NAME.fullmatch(name):
        raise PluginError(f"the verb {name!r}: expected lower case letters and digits with dashes")
    info.name = name
    return name


def _join(group: typer.Typer, info: CommandInfo | TyperInfo) -> None:
    if isinstance(info, CommandInfo):
        group.registered_commands.append(info)
    else:
        group.registered_groups.append(info)
