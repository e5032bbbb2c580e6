"""Options of `colorzoo run` that say what does the work, and how often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from colorzoo.cli.options import ADDRESS, MAX_THREADS

WORKERS = typer.Option(
    min=1, max=1024, help="processes, to equal results [default: 1 for few pictures, else one a core]"
)
THREADS = typer.Option(min=1, max=MAX_THREADS, help="of a picture [default: all for few pictures, else 1]")
RETRY = typer.Option("--retry-failed", help="try pictures again that failed before and are unchanged")
WATCH = typer.Option("--watch", help="colour what is dropped into a folder, until Ctrl-C")
ENGINE = typer.Option(help="local, or ray: a cluster; inputs and -o may be s3://, gs:// ...")


@dataclass
class WorkOptions:
    """What does the work, and how often."""

    workers: Annotated[int | None, WORKERS] = None
    threads: Annotated[int | None, THREADS] = None
    retry_failed: Annotated[bool, RETRY] = False
    watch: Annotated[bool, WATCH] = False
    engine: Annotated[str, ENGINE] = "local"
    address: Annotated[str | None, ADDRESS] = None
