"""Options of `colorzoo run` that say where results go, and as what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

OUT = typer.Option("-o", "--out", help="folder for results, one file, or - for standard output")
FORMAT = typer.Option(help="png, jpg, webp, bmp or tiff [default: as the picture; png of other formats]")
QUALITY = typer.Option(min=1, max=100, help="of jpg [default: that of the picture, else 95]")
MARK = typer.Option("--mark/--no-mark", help="say in the results that they were coloured, and by what")
OVERWRITE = typer.Option("--overwrite", help="replace results, colour anew")
SHEET = typer.Option(
    "--sheet/--no-sheet", help="write contact sheets [default: for at most 24 pictures]", show_default=False
)
RECOLOR = typer.Option("--recolor", help="colour also the pages of a book that have colour already")


@dataclass
class OutputOptions:
    """Where results go, and as what."""

    out: Annotated[str, OUT] = "colorized"
    format: Annotated[str | None, FORMAT] = None
    quality: Annotated[int | None, QUALITY] = None
    mark: Annotated[bool, MARK] = True
    overwrite: Annotated[bool, OVERWRITE] = False
    sheet: Annotated[bool | None, SHEET] = None
    recolor: Annotated[bool, RECOLOR] = False
