"""`colorzoo plugins`: what is installed, and what one plugin takes."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from colorzoo.cli import tables
from colorzoo.cli.options import Json

app = typer.Typer(invoke_without_command=True, help="List the installed plugins, or show one.")


@app.callback()
def default(context: typer.Context, as_json: Json = False) -> None:
    """List the installed plugins, or show one."""
    if context.invoked_subcommand is None:
        list_(as_json)


@app.command("list")
def list_(as_json: Json = False) -> None:
    """List colorizers, datasets and metrics with the distribution that brings them."""
    from colorzoo.core.registry import registry

    found = registry()
    rows = [
        {
            "kind": kind,
            "name": name,
            "summary": item.entry.summary,
            "distribution": f"{item.distribution} {item.version}".strip(),
        }
        for kind, things in found.things.items()
        for name, item in sorted(things.items())
    ]
    tables.show(rows, as_json)


@app.command()
def show(name: Annotated[str, typer.Argument(help="name of a colorizer")], as_json: Json = False) -> None:
    """Show a colorizer's run options, configuration, presets and weights."""
    from colorzoo import catalog
    from colorzoo.core.config import fields_of
    from colorzoo.core.registry import registry

    item = registry().find("colorizer", name)
    kind = item.load()
    weights = [info.model_dump(mode="json", exclude={"config"}) for info in catalog.infos(name)]
    facts: dict[str, Any] = {
        "name": name,
        "summary": item.entry.summary,
        "distribution": f"{item.distribution} {item.version}".strip(),
        "target": item.entry.target,
        "presets": list(kind.Config.presets),
        "options": fields_of(kind.Options),
        "config": fields_of(kind.Config),
        "weights": weights,
    }
    if as_json:
        print(json.dumps(facts, indent=2, default=str))
        return
    print(f"{name}: {facts['summary']}\n{facts['distribution']}, {facts['target']}")
    print(f"presets: {', '.join(facts['presets'])}")
    print("\nRun options, set with -O key=value")
    tables.show(facts["options"], False)
    print("\nConfiguration, set with --set key=value in train")
    tables.show(facts["config"], False)
    print("\nWeights, chosen with --weights")
    tables.show([{k: row[k] for k in ("name", "summary", "licence")} for row in weights], False)
