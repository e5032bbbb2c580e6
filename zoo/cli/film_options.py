"""Options of `colorzoo run` for videos."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from colorzoo.core.interfaces.container import VideoOptions

START = typer.Option(metavar="TIME", help="colour a video from there on: seconds, or h:mm:ss")
END = typer.Option(metavar="TIME", help="colour a video up to there")
CRF = typer.Option(
    min=0,
    max=63,
    help="constant rate factor of a coloured video: less is better, and larger [default: 16, of WebM 18]",
)


@dataclass
class FilmOptions:
    """Which part of a video, and how well it is encoded."""

    start: Annotated[str | None, START] = None
    end: Annotated[str | None, END] = None
    crf: Annotated[int | None, CRF] = None

    def request(self) -> VideoOptions:
        """Return it as a run takes it, checked."""
        from colorzoo.jobs.video_options import video_options

        return video_options(self.start, self.end, self.crf)
