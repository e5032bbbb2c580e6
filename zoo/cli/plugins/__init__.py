"""`colorzoo plugins`: what is installed; check, write, install and remove plugins."""

from __future__ import annotations

import typer

from colorzoo.cli.options import Json
from colorzoo.cli.plugins import check_command as check
from colorzoo.cli.plugins import install_commands as install
from colorzoo.cli.plugins import listing_commands as listing
from colorzoo.cli.plugins import new_command as new

app = typer.Typer(invoke_without_command=True, help="List, show, check, write, install plugins.")


@app.callback()
def default(context: typer.Context, as_json: Json = False) -> None:
    """List, show, check, write, install plugins."""
    if context.invoked_subcommand is None:
        listing.list_(as_json)


app.command("list")(listing.list_)
app.command("show")(listing.show)
app.command("check")(check.check)
app.command("new")(new.new)
app.command("install")(install.install)
app.command("uninstall")(install.uninstall)
