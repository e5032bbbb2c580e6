"""`colorzoo plugins new`: the start of a plugin."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from colorzoo.core.errors import PluginError
from colorzoo.core.registry import registry


def new(
    name: Annotated[str, typer.Argument(help="what users will type, such as sepia")],
    kind: Annotated[
        Literal["colorizer", "dataset", "metric"], typer.Option(help="what it is")
    ] = "colorizer",
    trainable: Annotated[
        bool, typer.Option("--trainable", help="a colorizer with a training stage")
    ] = False,
    takes: Annotated[
        str, typer.Option(help="what it follows of guidance itself, such as hints,references")
    ] = "",
    out: Annotated[Path, typer.Option("-o", "--out", help="folder that receives the package")] = Path(),
) -> None:
    """Write a small complete package: it installs, passes its tests, and is there to be changed."""
    from colorzoo.authoring.scaffold import Scaffold

    taken = registry().entries[kind].get(name)
    if taken:
        raise PluginError(f"{kind} {name!r} is already taken by {taken.distribution}; choose another name")
    fields = tuple(field.strip() for field in takes.split(",") if field.strip())
    folder = Scaffold(name, kind, trainable, fields).write(out)
    print(f"{folder}\n\n  colorzoo plugins install -e {folder}\n  colorzoo plugins check {name}")
