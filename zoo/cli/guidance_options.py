"""Options of `colorzoo run` that say something about colours."""

from __future__ import annotations

from typing import Annotated

import typer

PANEL = "Colours"


def _option(*names: str, **facts: object) -> object:
    return typer.Option(*names, rich_help_panel=PANEL, **facts)  # type: ignore[arg-type]


Hints = Annotated[
    list[str],
    _option("--hint", metavar="X,Y=COLOUR", help="a colour at a point, in pixels or percent"),
]
HintFiles = Annotated[
    list[str], _option("--hints", metavar="FILE", help="hints as JSON, or strokes on a transparent PNG")
]
Reach = Annotated[float, _option("--reach", min=0, max=1, help="how far hints spread")]
Strength = Annotated[float, _option("--strength", min=0, max=2, help="more or less colour; 0 is grey")]
Style = Annotated[str, _option("--style", help="plain, vibrant, gloomy, warm, cold or faded")]
PaletteText = Annotated[
    str | None,
    _option("--palette", metavar="COLOURS", help="#c03020,#2040a0 or a .gpl, .ase or .json file"),
]
References = Annotated[
    list[str], _option("--reference", metavar="PICTURE", help="a picture whose colours are wanted")
]
Flats = Annotated[bool, _option("--flats", help="one colour a closed region, for inked pages")]
Paper = Annotated[
    bool | None,
    _option("--paper/--no-paper", help="keep blank paper white [default: for pages]", show_default=False),
]
Consistent = Annotated[
    bool,
    _option("--consistent", help="pages agree on their colours, or those of --reference or a palette.json"),
]
Frames = Annotated[
    bool, _option("--frames", help="a folder holds the frames of a sequence; their colours agree")
]
