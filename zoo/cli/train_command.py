"""`colorzoo train`: train any plugin on any dataset."""

from __future__ import annotations

import os
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from colorzoo import jobs
from colorzoo.cli.options import SEED, Device, Threads
from colorzoo.cli.training_options import BatchSize, CheckpointSeconds, Epochs, Minutes, ValidateEvery
from colorzoo.cli.training_view import TrainingView, tell
from colorzoo.core.jobs.workers import end_with_the_parent


def train(
    context: typer.Context,
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
    seed: Annotated[int, SEED] = 0,
    device: Device = "auto",
    precision: Annotated[str, typer.Option(help="auto, float32 or bfloat16")] = "auto",
    fit: Annotated[str, typer.Option(help="how pictures become squares: squash, crop or pad")] = "squash",
    preview_every: Annotated[int, typer.Option(min=0, help="steps between preview sheets; 0: none")] = 0,
    checkpoint_seconds: CheckpointSeconds = 120,
    epochs: Epochs = None,
    batch_size: BatchSize = None,
    minutes: Minutes = None,
    validate_every: ValidateEvery = None,
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
    command = shlex.join(["colorzoo", *(word for word in sys.argv[1:] if word != "--resume")])
    if {"WORLD_SIZE", "ACCELERATE_MIXED_PRECISION"} & os.environ.keys():  # started by a launcher
        end_with_the_parent()
    view = TrainingView()
    with _interruptible(command, view), view:
        view.opening(name, " + ".join(data))
        folder = _trained(view, context.params, command, resume=resume)
    typer.echo(f"weights: {folder}\nuse them: colorzoo run {name} PICTURE --weights {folder}")
    typer.echo(f"curves: colorzoo train-report {folder}")


def _trained(view: TrainingView, values: Mapping[str, object], command: str, *, resume: bool) -> Path:
    """Train what the options mean; the first import of torch is behind the first line of output."""
    from colorzoo.core.interfaces.dataset import watched

    with watched(view.report):
        view.job = jobs.train_options.job_of(values, command=command)
        return jobs.train.run_training(
            view.job, resume=resume, listener=view, packing=view.report("packing pictures"), notice=_notice
        )


@contextmanager
def _interruptible(command: str, view: TrainingView) -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C, and say how to go on after either."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt as interruption:
        where = str(interruption) or f"{view.doing}, before the next checkpoint"
        tell(f"stopped: {where}; go on with:\n{command} --resume")
        raise typer.Exit(130) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def _notice() -> None:
    tell("stopping after this step, then a checkpoint; once more ends it at once")
