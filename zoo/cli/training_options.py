"""Options of `colorzoo train` that say how long it trains, and how often it looks up."""

from __future__ import annotations

from typing import Annotated

import typer

Epochs = Annotated[
    float | None, typer.Option(help="passes over the pictures, of every stage: --set STAGE.epochs=")
]
BatchSize = Annotated[
    int | None, typer.Option(help="pictures a step, of every stage: --set STAGE.batch_size=")
]
Minutes = Annotated[
    float | None,
    typer.Option(help="end after so many minutes, with finished weights; no two such runs are alike"),
]
ValidateEvery = Annotated[
    int | None,
    typer.Option(min=0, help="steps between looks at held-out pictures; 0: never [default: 20 a stage]"),
]
CheckpointSeconds = Annotated[
    float, typer.Option(min=0, help="time between checkpoints; the first comes after 10 s")
]
