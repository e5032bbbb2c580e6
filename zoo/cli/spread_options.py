"""Options that say over how many processes a job is spread, and whose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from colorzoo import jobs
from colorzoo.cli.options import ADDRESS
from colorzoo.jobs.compare_options import MAX_WORKERS

WORKERS = typer.Option(min=1, max=MAX_WORKERS, help="processes [default: one a processor, one on a GPU]")
ENGINE = typer.Option(help="local, or ray: a cluster whose nodes share this file system")


@dataclass
class SpreadOptions:
    """How many processes, of this machine or of a cluster."""

    workers: Annotated[int | None, WORKERS] = None
    engine: Annotated[str, ENGINE] = "local"
    address: Annotated[str | None, ADDRESS] = None

    def count(self, device: str = "cpu") -> int:
        """Return how many processes a job takes; 0: all of a cluster."""
        return self.workers or jobs.cluster_work.default_workers(self.engine, device)
