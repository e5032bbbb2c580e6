"""What spreads the work of a job beyond this machine."""

from __future__ import annotations

import os
from functools import partial

from colorzoo.core.errors import ConfigError, printable
from colorzoo.core.jobs import cluster
from colorzoo.core.jobs.workers import Each

ENGINES = ("local", "ray")


def cluster_work(engine: str, address: str | None, *, accelerated: bool = False) -> Each | None:
    """Return what spreads work over a cluster; None for this machine.

    Raises:
        ConfigError: there is no such engine, or it has no address.
        MissingExtraError: it is not installed.
    """
    check_engine_name(engine, address)
    if engine == "local":
        return None
    cluster.check_installed()
    return partial(cluster.each, address=address, accelerated=accelerated)


def check_engine_name(engine: str, address: str | None) -> None:
    """Check that there is such an engine, and that it is the one that the address is of.

    Raises:
        ConfigError: it is not.
    """
    if engine not in ENGINES:
        raise ConfigError(f"--engine {printable(engine)}: expected {' or '.join(ENGINES)}")
    if address and engine != "ray":
        raise ConfigError("--address: of a Ray cluster; give --engine ray")


def default_workers(engine: str, device: str = "cpu") -> int:
    """Return how many processes work by default.

    One a processor of this machine, at most 8, or one on its accelerator; 0, which is all, of a cluster.
    """
    if engine != "local":
        return 0
    if device != "cpu":
        from colorzoo.core.devices import resolve

        device = resolve(device).type
    return min(8, os.cpu_count() or 1) if device == "cpu" else 1
