"""`colorzoo plugins`: what is installed; check, write, install and remove plugins."""

from __future__ import annotations

import typer

from colorzoo.cli.options import Json


def default(context: typer.Context, as_json: Json = False) -> None:
    """List, show, check, write, install plugins."""
    if context.invoked_subcommand is None:
        from colorzoo.cli.plugins.listing_commands import list_

        list_(as_json)
