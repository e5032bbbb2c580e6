"""Options of `colorzoo run` that say something about colours."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from colorzoo.jobs.run_guidance import GuidanceRequest

PANEL = "Colours"


def _option(*names: str, **facts: object) -> object:
    return typer.Option(*names, rich_help_panel=PANEL, **facts)  # type: ignore[arg-type]


HINT = _option("--hint", metavar="X,Y=COLOUR", help="a colour at a point, in pixels or percent")
HINTS = _option("--hints", metavar="FILE", help="hints as JSON, or strokes on a transparent PNG")
REACH = _option("--reach", min=0, max=1, help="how far hints spread")
STRENGTH = _option("--strength", min=0, max=2, help="more or less colour; 0 is grey")
STYLE = _option("--style", help="plain, vibrant, gloomy, warm, cold or faded")
PALETTE = _option("--palette", metavar="COLOURS", help="#c03020,#2040a0 or a .gpl, .ase or .json file")
REFERENCE = _option("--reference", metavar="PICTURE", help="a picture whose colours are wanted")
FLATS = _option("--flats", help="one colour a closed region, for inked pages")
PAPER = _option(
    "--paper/--no-paper", help="keep blank paper white [default: for pages]", show_default=False
)
CONSISTENT = _option(
    "--consistent", help="pages agree on their colours, or those of --reference or a palette.json"
)
FRAMES = _option("--frames", help="a folder holds the frames of a sequence; their colours agree")


@dataclass
class GuidanceOptions:
    """What is said about colours."""

    hint: Annotated[list[str], HINT] = field(default_factory=list)
    hints: Annotated[list[str], HINTS] = field(default_factory=list)
    reach: Annotated[float, REACH] = 0.5
    strength: Annotated[float, STRENGTH] = 1
    style: Annotated[str, STYLE] = "plain"
    palette: Annotated[str | None, PALETTE] = None
    reference: Annotated[list[str], REFERENCE] = field(default_factory=list)
    flats: Annotated[bool, FLATS] = False
    paper: Annotated[bool | None, PAPER] = None
    consistent: Annotated[bool, CONSISTENT] = False
    frames: Annotated[bool, FRAMES] = False

    def request(self) -> GuidanceRequest:
        """Return it as a run takes it, checked."""
        from colorzoo.jobs.run_guidance import GuidanceRequest

        return GuidanceRequest(
            hints=self.hint, hint_files=self.hints, reach=self.reach, strength=self.strength,
            style=self.style, palette=self.palette, references=self.reference, flats=self.flats,
            paper=self.paper, consistent=self.consistent,
        )  # fmt: skip
