"""What a plugin can say: the hook specifications, and `Entry`, by which it announces a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pluggy

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import typer

PROJECT = "colorzoo"
API = "1"
"""The plugin API that this version speaks; a plugin says `colorzoo_api = "1"` beside its hooks."""
Kind = Literal["colorizer", "dataset", "metric", "container"]
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@dataclass(frozen=True)
class Entry:
    """Announce a class as text, so that listing plugins imports none of them.

    name: what users type, lower case with dashes. target: "package.module:Class". suffixes: endings of
    files that a dataset source reads, so that their bare path means it, or that a container opens.
    baseline: a colorizer that takes part in every comparison, to hold the others against.
    """

    name: str
    target: str
    summary: str = ""
    suffixes: tuple[str, ...] = ()
    baseline: bool = False


@hookspec
def register_colorizers() -> Sequence[Entry]:  # type: ignore[empty-body]
    """Return the colorizers this plugin adds."""


@hookspec
def register_datasets() -> Sequence[Entry]:  # type: ignore[empty-body]
    """Return the dataset sources this plugin adds."""


@hookspec
def register_metrics() -> Sequence[Entry]:  # type: ignore[empty-body]
    """Return the metrics this plugin adds."""


@hookspec
def register_containers() -> Sequence[Entry]:  # type: ignore[empty-body]
    """Return what this plugin opens that holds several pictures; suffixes are the endings of its files."""


@hookspec
def register_commands(cli: typer.Typer) -> None:
    """Add commands to the `colorzoo` command line; cli has its groups, and none of its commands."""


@hookspec
def register_weights() -> Sequence[Path]:  # type: ignore[empty-body]
    """Return the TOML files of weights by name: embedded, pinned on the Hub, or published elsewhere."""


@hookspec
def register_sites() -> Sequence[Path]:  # type: ignore[empty-body]
    """Return the TOML files of the site profiles this plugin adds to `colorzoo data crawl`."""


@hookspec
def register_protocols() -> Sequence[Path]:  # type: ignore[empty-body]
    """Return the TOML files of the protocols this plugin adds to `colorzoo compare --protocol`."""
