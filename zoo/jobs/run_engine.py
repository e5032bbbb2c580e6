"""What colours the pictures of a run: this machine, once or as they come, or a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from colorzoo.core.errors import ConfigError
from colorzoo.jobs.cluster_work import check_engine_name
from colorzoo.jobs.run_watch import checked

if TYPE_CHECKING:
    from colorzoo.jobs.run_request import RunRequest


def check_engine(request: RunRequest) -> None:
    """Check that what is asked of the engine of a run goes together.

    Raises:
        ConfigError: it does not.
    """
    check_engine_name(request.engine, request.address)
    special = {"--watch": request.watch, "--engine ray": request.engine == "ray"}
    chosen = [option for option, given in special.items() if given]
    others = {
        "-o FILE": request.is_one_file,
        "--frames": request.frames,
        "--consistent": request.guidance.consistent,
    }
    for option in chosen:
        for other, given in [*others.items(), *((other, other != option) for other in chosen)]:
            if given:
                raise ConfigError(f"{option} and {other}: one or the other")
    if request.watch:
        checked(request.inputs, Path(request.out))
    if chosen and not request.names_a_colorizer and (request.engine == "ray" or not request.gathered.files):
        raise ConfigError(f"{chosen[0]}: no pictures to look at; name a colorizer, as `run unet` does")
