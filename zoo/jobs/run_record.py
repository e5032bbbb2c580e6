"""The record that a run leaves beside its results: how each was made, so that it can be made again."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from pydantic import Field

import colorzoo
from colorzoo.core.config import Strict
from colorzoo.core.imaging.colored import coloring_mark
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.jobs.journal import Journal
from colorzoo.jobs.run_folder import COLORIZED, quoted

if TYPE_CHECKING:
    from colorzoo.jobs.run import RunSettings


class ColorizedRow(Strict):
    """How the results of one picture were made; of rows with one key the last counts."""

    key: str = Field(description="name of the results without number and suffix, relative to the folder")
    picture: str = Field(description="path as it was given")
    picture_sha256: str
    files: list[str] = Field(description="the samples, relative to the folder, quoted as addresses")
    colorizer: str
    weights: str | None = Field(None, description="as they were asked for, or their own name")
    weights_sha256: str | None = None
    options: dict[str, Any] = Field(description="all of them, the seed included")
    guidance: dict[str, Any] = Field({}, description="what was said of colours, with the sha256 of files")
    table_sha256: str | None = Field(None, description="of the table that the pages agree on")
    frames: bool = Field(False, description="whether its colours agree with those of the frames before")
    quality: int | None = Field(None, description="of JPEG; None: that of the picture, else 95")
    mark: str = Field("", description="what the files say of how they were coloured, if they do")
    video: dict[str, Any] = Field({}, description="which part of a video, and how it is encoded")
    versions: dict[str, str]


class ColorizedRecord:
    """The record of one output folder, for what one colorizer makes with the same settings."""

    def __init__(self, out: Path, colorizer: Colorizer, settings: RunSettings) -> None:
        self.out, self.settings = out, settings
        self.journal = Journal(out / COLORIZED, ColorizedRow)
        info = colorizer.weights_info
        self.weights = {
            "weights": colorizer.weights_source or (info.name if info else None),
            "weights_sha256": info.sha256 if info else None,
        }

    def add(
        self,
        picture: Path,
        sha256: str,
        stem: Path,
        files: Sequence[Path],
        options: Mapping[str, object],
        table: str = "",
    ) -> None:
        """Note the results of a picture, whose name without number and suffix is `stem`."""
        self.journal.add(
            ColorizedRow(
                key=quoted(stem),
                picture=str(picture),
                picture_sha256=sha256,
                files=[quoted(file.relative_to(self.out)) for file in files],
                colorizer=self.settings.name,
                **self.weights,
                options=dict(options),
                guidance=self.settings.guidance.record(picture),
                table_sha256=table or None,
                frames=self.settings.frames,
                quality=self.settings.quality,
                mark=self.mark(options),
                video=self.settings.video.given(),
                versions=versions(),
            )
        )

    def mark(self, options: Mapping[str, object]) -> str:
        """Return what results say of how they were coloured, empty if they are not to say it."""
        if not self.settings.mark:
            return ""
        return coloring_mark(
            colorzoo.__version__, self.settings.name, **self.weights, seed=options.get("seed")
        )


def versions() -> dict[str, str]:
    """Return the versions of what results depend on besides weights."""
    return {
        "colorzoo": colorzoo.__version__, "torch": torch.__version__, "python": platform.python_version()
    }  # fmt: skip
