"""Work on a Ray cluster, as `workers.each` does it here; what a lost node was at is done again."""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from colorzoo.core.errors import DataError, MissingExtraError, printable

SHARE_OF_A_PROCESSOR, SHARE_OF_AN_ACCELERATOR = 0.5, 0.25
"""What a worker asks for: less than all, or the reader of a small cluster never gets its turn."""
ITEMS_OF_A_BLOCK = 8
"""What is done again where a node dies."""

Argument = TypeVar("Argument")
Item = TypeVar("Item")
Result = TypeVar("Result")


def check_installed() -> None:
    """Check that Ray is there.

    Raises:
        MissingExtraError: it is not.
    """
    try:
        import fsspec  # noqa: F401
        import ray  # noqa: F401
    except ImportError:
        raise MissingExtraError("--engine ray", "ray", "ray") from None


def connect(address: str | None) -> int:
    """Join the cluster at an address, or start one on this machine; return how many processors it has.

    Raises:
        MissingExtraError: Ray is not installed.
        DataError: there is no cluster at the address.
    """
    check_installed()
    import ray

    try:
        ray.init(address, ignore_reinit_error=True, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError, RuntimeError) as error:
        where = printable(address or "this machine")
        raise DataError(f"no Ray cluster at {where}: {printable(str(error), 160)}") from None
    resources: dict[str, float] = ray.cluster_resources()
    return max(1, int(resources.get("CPU", 1)))


def each(
    workers: int,
    preload: Sequence[str],
    start: Callable[[Argument], None],
    argument: Argument,
    work: Callable[[Item], Result],
    items: Sequence[Item],
    *,
    address: str | None = None,
    accelerated: bool = False,
) -> Iterator[Result]:
    """Yield what the cluster makes of the items, in any order, each once.

    workers: at most so many processes; 0: one a processor of the cluster. preload: of no use here.
    accelerated: whether a worker needs an accelerator. Paths must be on a file system that all nodes share.

    Raises:
        MissingExtraError: Ray is not installed.
        DataError: the cluster cannot be reached, or is lost.
    """
    processors = connect(address)
    import ray

    worker = Worker, (ray.put(pickle.dumps((start, argument, work))), Path.cwd())
    waiting = set(range(len(items)))
    try:
        for row in _mapped(worker, items, workers or processors, accelerated).iter_rows():
            if row["index"] in waiting:  # a block that is done again comes twice
                waiting.discard(row["index"])
                result, error = pickle.loads(row["outcome"])
                if error is not None:
                    raise error
                yield result
    except ray.exceptions.RayError as error:
        raise DataError(
            f"the Ray cluster failed: {printable(str(error).splitlines()[0], 200)}; what is done is kept, "
            "the same command goes on"
        ) from None


def _mapped(
    worker: tuple[type[Any], tuple[object, ...]], items: Sequence[object], most: int, accelerated: bool
) -> Any:
    """Return Ray's dataset of what becomes of the items."""
    import ray
    from ray.data import ActorPoolStrategy, DataContext

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    DataContext.get_current().enable_progress_bars = False
    rows = [{"index": index, "item": pickle.dumps(item)} for index, item in enumerate(items)]
    blocks = max(1, len(rows) // ITEMS_OF_A_BLOCK)
    return ray.data.from_items(rows, override_num_blocks=blocks).map(
        worker[0],
        fn_constructor_args=worker[1],
        compute=ActorPoolStrategy(min_size=1, max_size=most),
        num_cpus=SHARE_OF_A_PROCESSOR,
        num_gpus=SHARE_OF_AN_ACCELERATOR if accelerated else None,
    )


class Worker:
    """An actor: is started once, and works on item after item; an error is a result."""

    def __init__(self, packed: Any, folder: Path) -> None:
        import ray

        data = ray.get(packed) if isinstance(packed, ray.ObjectRef) else packed
        if folder.is_dir():
            os.chdir(folder)  # relative paths are those of the command
        start, argument, self.work = pickle.loads(data)
        start(argument)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        try:
            outcome: tuple[object, Exception | None] = self.work(pickle.loads(row["item"])), None
        except Exception as error:  # one that is raised here would end the whole job
            outcome = None, error
        return {"index": row["index"], "outcome": pickle.dumps(outcome)}
