"""Colours pictures on a Ray cluster, from and to wherever fsspec reaches: the same work, the same manifest.

What is done is left out before Ray sees it, by the manifest, picture by picture. Ray Data's own
checkpoints know blocks, need a write by Ray, and would be a second truth beside the manifest.
"""

from __future__ import annotations

import logging
import pickle
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colorzoo.core.errors import MissingExtraError
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.jobs.remote_folder import RemoteBatch, RemoteFolder, RemotePictures, Store
from colorzoo.jobs.run import PictureProgress
from colorzoo.jobs.run_folder import held
from colorzoo.jobs.run_picture import (
    Content,
    Outcome,
    PictureWork,
    Task,
    content_of,
    failed,
    packed_work,
    start,
    unpacked_work,
)
from colorzoo.jobs.run_result import RunResult
from colorzoo.jobs.run_settings import RunSettings

if TYPE_CHECKING:
    import ray.data

SHARE_OF_A_PROCESSOR, SHARE_OF_AN_ACCELERATOR = 0.5, 0.25
"""What a worker asks for: less than all, or the reader of a small cluster never gets its turn."""
PICTURES_OF_A_BLOCK = 8
"""What is done again where a node dies."""


def run_ray(
    colorizer: Colorizer,
    inputs: Sequence[str],
    out: str,
    settings: RunSettings,
    address: str | None = None,
    progress: PictureProgress = lambda done, total, note: None,
) -> RunResult:
    """Colour pictures of folders or addresses on a cluster, on one here without an address.

    Raises:
        MissingExtraError: Ray or fsspec is not installed.
        ImageError: there is no picture.
        DataError: the manifest is damaged, or another process colours into the folder.
    """
    try:
        import fsspec  # noqa: F401
        import ray
    except ImportError:
        raise MissingExtraError("--engine ray", "ray", "ray") from None
    begun, store = time.monotonic(), Store.of(out)
    pictures = RemotePictures.listed(inputs)
    lock = held(Path(store.root), settings.name, []) if store.is_local else nullcontext()
    with lock, tempfile.TemporaryDirectory() as stage:
        folder = RemoteFolder(Path(stage), store)
        batch = RemoteBatch(colorizer, folder, replace(settings, sheet=False), pictures)
        batch.threads = batch.result.threads = settings.threads or 1
        tasks = list(batch.begin(batch.undone(pictures.files)))
        folder.save()
        result = batch.result
        try:
            if tasks:
                ray.init(address, ignore_reinit_error=True, log_to_driver=False, logging_level="ERROR")
            for task, outcome in _colored(batch, tasks):
                batch.settle(task, outcome)
                folder.save(seldom=True)
                progress(result.settled, result.total, f"{result.megapixels:,.3g} megapixels")
        except KeyboardInterrupt:
            result.interrupted = True
        batch.finish()
        folder.save(last=True)
    result.wall = time.monotonic() - begun
    return result


def _colored(batch: RemoteBatch, tasks: Sequence[Task]) -> Iterator[tuple[Task, Outcome]]:
    """Yield tasks with what the cluster makes of them, in any order, each once."""
    if not tasks:
        return
    waiting = {task.number: task for task in tasks}
    for row in _dataset(batch, tasks).iter_rows():
        task, outcome = waiting.pop(row["index"], None), pickle.loads(row["outcome"])
        if task is not None:
            content = outcome.content._replace(stamp=batch.stamps(task.path))
            files = tuple(batch.folder.out / file for file in outcome.files)
            yield task, replace(outcome, content=content, files=files)


def _dataset(batch: RemoteBatch, tasks: Sequence[Task]) -> ray.data.Dataset:
    import ray
    from ray.data import ActorPoolStrategy, DataContext

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    DataContext.get_current().enable_progress_bars = False
    data, device = packed_work(batch.work)
    most = batch.settings.workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
    batch.result.workers = most
    items = [
        {
            "index": task.number,
            "task": pickle.dumps(task),
            "picture": str(task.path),
            "beside": batch.pictures.beside(task.path),
        }
        for task in tasks
    ]
    blocks = max(1, len(items) // PICTURES_OF_A_BLOCK)
    stores = batch.pictures.store, batch.remote.store
    accelerated = {"num_gpus": SHARE_OF_AN_ACCELERATOR} if device != "cpu" else {}
    return ray.data.from_items(items, override_num_blocks=blocks).map(
        RayWorker,
        fn_constructor_args=(
            ray.put(data),
            device,
            batch.threads,
            *stores,
        ),
        compute=ActorPoolStrategy(min_size=1, max_size=most),
        num_cpus=SHARE_OF_A_PROCESSOR,
        **accelerated,
    )


class RayWorker:
    """An actor: fetches a picture, colours it as any process does, and puts the results where they go."""

    def __init__(self, data: Any, device: str, threads: int, source: Store, out: Store) -> None:
        import ray

        packed = ray.get(data) if isinstance(data, ray.ObjectRef) else data
        start((packed, device, threads))
        self.work: PictureWork = unpacked_work(packed, device)
        self.source, self.out = source, out

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        task: Task = pickle.loads(row["task"])
        outcome = staged(self.work, task, self.source, self.out, list(row["beside"]))
        return {"index": row["index"], "outcome": pickle.dumps(outcome)}


def staged(work: PictureWork, task: Task, source: Store, out: Store, beside: Sequence[str]) -> Outcome:
    """Colour a picture by way of a folder on this machine; its files are named relative to the folder."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as stage:
        local, made = Path(stage, "in", task.path.name), Path(stage, "out")
        try:
            for name in (str(task.path), *beside):
                source.fetch(name, local.with_name(Path(name).name))
            there = task._replace(path=local, content=content_of(local))
            outcome = replace(work, out=made).color(there)
            files = tuple(file.relative_to(made) for file in outcome.files)
            for file in files:
                out.put(made / file, file.as_posix())
        except Exception as error:  # of a network, a store
            return failed(task, Content(""), error, time.monotonic() - begun)
        named = outcome.error.replace(str(local), source.named(str(task.path)))
        return replace(outcome, files=files, error=named, cause=None)
