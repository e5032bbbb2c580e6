"""`colorzoo protocols`: what papers measured, how, and what they report."""

from __future__ import annotations

from typing import Annotated

import typer

from colorzoo.cli import tables
from colorzoo.cli.options import Json
from colorzoo.core.compare.published import PublishedProtocol, find_protocol, protocols


def list_(as_json: Json = False) -> None:
    """List the protocols that `colorzoo compare --protocol` follows."""
    rows = [
        {
            "name": name,
            "year": one.year,
            "pictures": one.pictures.count,
            "metrics": one.settings.metrics,
            "summary": one.title,
        }
        for name, one in protocols().items()
    ]
    tables.show(rows, as_json)


def show(
    name: Annotated[str, typer.Argument(help="name of a protocol, or a TOML file")], as_json: Json = False
) -> None:
    """Say what to fetch, how it is measured and in what not as in the paper, and what that reports."""
    published = find_protocol(name)
    typer.echo(published.model_dump_json(indent=2) if as_json else described(published))
    if not as_json and published.methods:
        typer.echo("\nthe paper reports:")
        tables.show(_reported(published), as_json=False)


def described(published: PublishedProtocol) -> str:
    """Return what a protocol is, what to fetch for it, and the command that follows it."""
    steps = [f"  {number}. {step}" for number, step in enumerate(published.pictures.fetch, 1)]
    return "\n".join(
        [
            f"{published.name}: {published.title}",
            f"paper: {published.paper}{published.url and f', {published.url}'}",
            *([f"figures from: {published.source}"] if published.source else []),
            f"pictures: {published.pictures.count:,}, {published.pictures.title}",
            *steps,
            f"measured: {published.settings.words}",
            *([f"colour: {published.color}"] if published.color else []),
            *(f"not as in the paper: {line}" for line in published.differences),
            f"then: {published.command}",
        ]
    )


def _reported(published: PublishedProtocol) -> list[dict[str, object]]:
    return [
        {
            "method": method.method,
            "M parameters": f"{method.parameters / 1e6:.1f}" if method.parameters else "",
            **{
                f"{figure.label} {figure.arrow}": method.values.get(figure.label, "")
                for figure in published.figures
            },
        }
        for method in published.methods
    ]
