"""Options that several verbs share."""

from __future__ import annotations

from typing import Annotated

import typer

Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 or mps")]
MAX_THREADS = 1024
"""Above it torch takes more memory for stacks than machines have, and ends in a segmentation fault."""
Threads = Annotated[
    int | None, typer.Option(min=1, max=MAX_THREADS, help="processor threads", show_default="all")
]
SEED = typer.Option(min=0, max=2**63 - 1, help="same seed, same result")
ADDRESS = typer.Option(help="of the Ray cluster [default: one on this machine]")
Json = Annotated[bool, typer.Option("--json", help="print JSON")]


def _offline(wanted: bool) -> None:
    if wanted:
        import os

        os.environ["HF_HUB_OFFLINE"] = "1"  # before the Hub's client is imported, which reads it then


Offline = Annotated[
    bool, typer.Option("--offline", callback=_offline, help="never touch the network; use what is cached")
]


def _version(wanted: bool) -> None:
    if wanted:
        import colorzoo

        print(f"colorzoo {colorzoo.__version__}")
        raise typer.Exit


def common(
    version: Annotated[
        bool, typer.Option("-V", "--version", callback=_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    """A model zoo for image colorization that grows by plugins."""
