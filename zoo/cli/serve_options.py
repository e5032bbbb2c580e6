"""Options of `colorzoo serve`."""

from __future__ import annotations

from typing import Annotated

import typer

LIMITS = "Limits"


def _limit(text: str) -> object:
    return typer.Option(help=text, min=1, rich_help_panel=LIMITS)


MODELS = typer.Argument(
    help="NAME or NAME:WEIGHTS, also of a folder [default: all that is installed]", metavar="[MODEL]..."
)
Models = Annotated[list[str], MODELS]
Host = Annotated[str, typer.Option(help="address to listen on; other than this machine's need --token")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="0: any that is free")]
Token = Annotated[
    str | None, typer.Option(envvar="COLORZOO_TOKEN", help="what clients must know; `new` makes one")
]
NoAuth = Annotated[bool, typer.Option("--no-auth", help="let anybody in who reaches the host")]
AllowHost = Annotated[list[str], typer.Option(help="a name that this server goes by")]
AllowOrigin = Annotated[
    list[str], typer.Option(help="a site whose pages an extension may colour, * for all")
]
AllowPull = Annotated[bool, typer.Option("--allow-pull", help="clients may pull weights from the Hub")]
Workers = Annotated[int, typer.Option(min=1, max=64, help="processes for the models")]
BATCH = typer.Option(
    min=1, max=256, help="pictures through a network at once", show_default="1 on a processor, else 8"
)
Batch = Annotated[int | None, BATCH]
Memory = Annotated[int, typer.Option(min=100, help="MB of models and predictions a process keeps")]
Body = Annotated[int, _limit("MB of a request")]
Pixels = Annotated[int, _limit("million pixels of a picture")]
Frames = Annotated[int, _limit("pictures of a request, pages of a book, frames of a video")]
Queue = Annotated[int, _limit("unfinished jobs")]
Seconds = Annotated[float, _limit("seconds for a picture")]
Disk = Annotated[int, _limit("MB of pictures that are held")]
Keep = Annotated[float, _limit("seconds that unused pictures are held")]
