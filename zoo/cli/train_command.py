"""`colorzoo train`: train any plugin on any dataset."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from colorzoo.cli.options import Device, Threads


def train(
    name: Annotated[str, typer.Argument(help="colorizer, see `colorzoo plugins`")],
    data: Annotated[
        list[str], typer.Option(help="dataset: NAME, NAME:LOCATION or a folder; several are joined")
    ],
    split: Annotated[str | None, typer.Option(help="part of the dataset [default: train]")] = None,
    preset: Annotated[str, typer.Option(help="preset of the configuration")] = "default",
    set_: Annotated[list[str], typer.Option("--set", help="configuration field, key=value")] = [],  # noqa: B006  typer copies it
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="run folder [default: runs/NAME-PRESET]")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on from the last checkpoint")] = False,
    init: Annotated[str | None, typer.Option(help="weights to start from")] = None,
    blend: Annotated[
        str | None, typer.Option(help="WEIGHTS=SHARE: mix so much of other weights into the result")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="same seed, same weights")] = 0,
    device: Device = "auto",
    precision: Annotated[str, typer.Option(help="auto, float32 or bfloat16")] = "auto",
    fit: Annotated[str, typer.Option(help="how pictures become squares: squash, crop or pad")] = "squash",
    preview_every: Annotated[int, typer.Option(min=0, help="steps between preview sheets; 0: none")] = 0,
    checkpoint_seconds: Annotated[float, typer.Option(min=0, help="time between checkpoints")] = 120,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="also write TensorBoard events")
    ] = False,
    threads: Threads = None,
    weights_name: Annotated[str, typer.Option(help="name of the resulting weights")] = "default",
    summary: Annotated[str, typer.Option(help="one line for the model card")] = "",
    license: Annotated[str, typer.Option(help="licence of the weights, an SPDX id")] = "apache-2.0",
    credit: Annotated[str, typer.Option(help="credit line of the card [default: the dataset's]")] = "",
    half: Annotated[bool, typer.Option("--half", help="store the weights as float16")] = False,
) -> None:
    """Train a colorizer and write its weights folder.

    On several devices: accelerate launch -m colorzoo train ...
    On several processors: torchrun --nproc-per-node 2 -m colorzoo train ...
    """
    from colorzoo.core.config import from_preset, validate
    from colorzoo.core.jobs.workers import end_with_the_parent
    from colorzoo.core.registry import registry
    from colorzoo.core.training.loop import TrainConfig
    from colorzoo.hub import catalog
    from colorzoo.jobs.datasets import open_datasets
    from colorzoo.jobs.train import TrainJob, run_training

    _set_threads(threads)
    kind = registry().find("colorizer", name).load()
    dataset = open_datasets(data, split, prefer="train")
    settings = {
        "seed": seed,
        "device": device,
        "precision": precision,
        "preview_every": preview_every,
        "checkpoint_seconds": checkpoint_seconds,
        "tensorboard": tensorboard,
    }
    order = TrainJob(
        plugin=name,
        kind=kind,
        model=from_preset(kind.Config, preset, set_),
        run=validate(TrainConfig, settings, "train"),
        dataset=dataset,
        address=" + ".join(data),
        split=dataset.split,
        out=out or Path("runs") / f"{name}-{preset}",
        command=shlex.join(["colorzoo", *(word for word in sys.argv[1:] if word != "--resume")]),
        fit=_fit(fit),
        name=weights_name,
        summary=summary,
        license=license,
        credit=credit,
        half=half,
        init=catalog.find(name, init) if init else None,
        blend=_blend(name, blend) if blend else None,
    )
    if {"WORLD_SIZE", "ACCELERATE_MIXED_PRECISION"} & os.environ.keys():  # started by a launcher
        end_with_the_parent()
    with _interruptible(order.command), _Progress() as progress:
        folder = run_training(
            order, resume=resume, report=progress.training, packing=progress.packing, notice=_notice
        )
    typer.echo(f"weights: {folder}\nuse them: colorzoo run {name} PICTURE --weights {folder}")


@contextmanager
def _interruptible(command: str) -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C, and say how to go on after either."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt as interruption:
        where = str(interruption) or "before the next checkpoint"
        _say(f"stopped: {where}; go on with:\n{command} --resume")
        raise typer.Exit(130) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _notice() -> None:
    _say("stopping after this step, then a checkpoint; once more ends it at once")


def _say(text: str) -> None:
    """Print to stderr, from the first of several processes."""
    if os.environ.get("RANK", "0") == "0":
        print(f"colorzoo: {text}", file=sys.stderr, flush=True)


class _Progress:
    """Rich bars for packing and for each stage; silent in all but the first process."""

    def __enter__(self) -> _Progress:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        columns: list[Any] = [
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
        ]
        self._bars = Progress(*columns, disable=os.environ.get("RANK", "0") != "0")
        self._tasks: dict[str, Any] = {}
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def packing(self, done: int, total: int) -> None:
        """Show how many pictures are packed."""
        self._show("packing pictures", done, total, "")

    def training(self, stage: str, step: int, total: int, losses: dict[str, float]) -> None:
        """Show where a stage is."""
        self._show(stage, step, total, "  ".join(f"{k} {v:.4g}" for k, v in losses.items()))

    def _show(self, name: str, done: int, total: int, note: str) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=total, note=note)
        self._bars.update(self._tasks[name], completed=done, note=note)


def _set_threads(threads: int | None) -> None:
    if threads:
        import torch

        torch.set_num_threads(threads)


def _blend(plugin: str, text: str) -> tuple[Path, float]:
    from colorzoo.core.errors import ConfigError
    from colorzoo.hub import catalog

    weights, _, share = text.rpartition("=")
    try:
        number = float(share)
    except ValueError:
        number = -1
    if not (weights and 0 < number < 1):
        raise ConfigError(f"--blend {text}: expected WEIGHTS=SHARE with a share between 0 and 1")
    folder = catalog.find(plugin, weights)
    assert folder is not None  # named weights are found, or it raises
    return folder, number


def _fit(text: str) -> Any:
    from colorzoo.core.errors import UnknownNameError

    known = ("squash", "crop", "pad")
    if text not in known:
        raise UnknownNameError("--fit", text, known)
    return text
