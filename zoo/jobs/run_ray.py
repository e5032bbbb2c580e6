"""Colours pictures on a Ray cluster, from and to wherever fsspec reaches: the same work, the same manifest.

What is done is left out before Ray sees it, by the manifest, picture by picture. Ray Data's own
checkpoints know blocks, need a write by Ray, and would be a second truth beside the manifest.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.jobs import cluster
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

Colored = tuple[Task, Outcome]


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
    cluster.check_installed()
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
                result.workers = settings.workers or cluster.connect(address)
            for task, outcome in _colored(batch, tasks, address) if tasks else ():
                batch.settle(task, outcome)
                folder.save(seldom=True)
                progress(result.settled, result.total, f"{result.megapixels:,.3g} megapixels")
        except KeyboardInterrupt:
            result.interrupted = True
        batch.finish()
        folder.save(last=True)
    result.wall = time.monotonic() - begun
    return result


def _colored(batch: RemoteBatch, tasks: Sequence[Task], address: str | None) -> Iterator[Colored]:
    """Yield tasks with what the cluster makes of them, in any order, each once."""
    data, device = packed_work(batch.work)
    workplace = Workplace(data, device, batch.threads or 1, batch.pictures.store, batch.remote.store)
    items = [(task, batch.pictures.beside(task.path)) for task in tasks]
    outcomes = cluster.each(
        batch.result.workers,
        (),
        _start,
        workplace,
        _work,
        items,
        address=address,
        accelerated=device != "cpu",
    )
    for task, outcome in outcomes:
        content = outcome.content._replace(stamp=batch.stamps(task.path))
        files = tuple(batch.folder.out / file for file in outcome.files)
        yield task, replace(outcome, content=content, files=files)


class Workplace(NamedTuple):
    """What a worker of a cluster needs: work as `packed_work` returns it, and both ends."""

    data: bytes
    device: str
    threads: int
    source: Store
    out: Store


_workplace: tuple[PictureWork, Store, Store] | None = None


def _start(there: Workplace) -> None:
    global _workplace  # one a process
    start((there.data, there.device, there.threads))
    _workplace = unpacked_work(there.data, there.device), there.source, there.out


def _work(item: tuple[Task, Sequence[str]]) -> Colored:
    assert _workplace is not None  # `_start` came before
    (task, beside), (work, source, out) = item, _workplace
    return task, staged(work, task, source, out, beside)


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
