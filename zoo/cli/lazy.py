"""Verbs that are imported when they are used: until then a verb is a name and one line of help."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import typer
from typer.core import TyperCommand
from typer.main import get_command

if TYPE_CHECKING:
    from typer._click.core import Command, Context


HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


class Verb(NamedTuple):
    """A verb of the table: its function, "module:function" below `colorzoo.cli`, and its help in a line."""

    target: str
    help: str

    def load(self) -> Callable[..., Any]:
        """Import the function."""
        module, _, name = self.target.partition(":")
        function: Callable[..., Any] = getattr(import_module(f"colorzoo.cli.{module}"), name)
        return function


class LazyCommand(TyperCommand):
    """A command that stands for another one, which is made when it is used."""

    resolve: Callable[[], Command]

    def make_context(
        self, info_name: str | None, args: list[str], parent: Context | None = None, **extra: Any
    ) -> Context:
        """Parse the arguments by the command that this one stands for; the context belongs to that one."""
        return type(self).resolve().make_context(info_name, args, parent, **extra)


def add_verbs(group: typer.Typer, verbs: Mapping[str, Verb]) -> None:
    """Add verbs to a group by name; none of them is imported."""
    for name, verb in verbs.items():
        add_lazily(group, name, partial(command, name, verb), help=verb.help)


def add_lazily(group: typer.Typer, name: str, resolve: Callable[[], Command], **shown: Any) -> None:
    """Add a command that `resolve` makes; shown: what its group's help shows of it until then."""
    cls = type("Lazy", (LazyCommand,), {"resolve": staticmethod(resolve)})
    group.command(name, cls=cls, **shown)(_nothing)


def command(name: str, verb: Verb) -> Command:
    """Return the function of a verb, imported, as a command of its own."""
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name, context_settings=HELP_OPTIONS)(verb.load())
    return get_command(alone)


def _nothing() -> None:
    """Stand where typer wants a function."""
