"""How the pictures of a run are coloured, and what that adds up to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from colorzoo.core.compare.identity import code_digest
from colorzoo.core.imaging.colored import coloring_mark
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.container import WHOLE, VideoOptions
from colorzoo.jobs.run_folder import details
from colorzoo.jobs.run_guidance import NO_GUIDANCE, GuidanceRequest
from colorzoo.jobs.run_manifest import versions


@dataclass(frozen=True)
class RunSettings:
    """How pictures are coloured.

    name: of the colorizer, as results are called. options: of the run; a seed of None is drawn, or that of
    the same options before. given: what the user asked for, by name, which tells names of results apart.
    format: the suffix of results, without dot; None: that of each picture. overwrite: replace results of
    other options, and colour anew. sheet: whether to write one; None: for at most 24 pictures. guidance:
    what is said of colours. frames: whether the pictures of a folder are frames, whose colours agree.
    quality: of JPEG; None: that of the picture. mark: whether results say that they were coloured. video:
    what is asked of videos. workers: processes; None: one for few pictures, a processor each for many.
    threads: of one picture; None: all for few pictures, one for many. retry_failed: whether pictures that
    failed are tried again, unchanged.
    """

    name: str
    options: Mapping[str, object]
    given: Mapping[str, object] = field(default_factory=dict)
    format: str | None = None
    overwrite: bool = False
    sheet: bool | None = None
    guidance: GuidanceRequest = NO_GUIDANCE
    frames: bool = False
    quality: int | None = None
    mark: bool = True
    video: VideoOptions = WHOLE
    workers: int | None = None
    threads: int | None = None
    retry_failed: bool = False


def provenance(
    colorizer: Colorizer, settings: RunSettings, options: Mapping[str, object], threads: int | None
) -> dict[str, object]:
    """Return the fields of rows that say how pictures are made."""
    return {
        "colorizer": settings.name,
        **_weights(colorizer),
        "code_sha256": code_digest(type(colorizer).__module__),
        "options": dict(options),
        "frames": settings.frames,
        "quality": settings.quality,
        "mark": mark_of(colorizer, settings, options),
        "video": settings.video.given(),
        "threads": threads,
        "versions": versions(),
    }


def mark_of(colorizer: Colorizer, settings: RunSettings, options: Mapping[str, object]) -> str:
    """Return what results say of how they were coloured, empty if they are not to say it."""
    if not settings.mark:
        return ""
    weights = _weights(colorizer)
    return coloring_mark(versions()["colorzoo"], settings.name, **weights, seed=options.get("seed"))


def _weights(colorizer: Colorizer) -> dict[str, str | None]:
    info = colorizer.weights_info
    return {
        "weights": colorizer.weights_source or (info.name if info else None),
        "weights_sha256": info.sha256 if info else None,
    }


def run_digest(settings: RunSettings, colorizer: Colorizer) -> str:
    """Return the sha256 over all that results depend on besides pictures."""
    info = colorizer.weights_info
    weights = [info.sha256, info.config] if info else []
    known = [settings.name, weights, dict(settings.options), settings.format]
    said = [
        "frames" if settings.frames else "",
        "" if settings.mark else "no mark",
        str(settings.quality or ""),
    ]
    known += filter(None, [settings.guidance.digest, *said, settings.video.given()])
    return hashlib.sha256(json.dumps(known, default=str, sort_keys=True).encode()).hexdigest()


def label(settings: RunSettings) -> str:
    """Return what tells the names of results apart from those of other options."""
    frames = {"frames": True} if settings.frames else {}
    told = details({**settings.given, **settings.guidance.given(), **frames, **settings.video.given()})
    return f"{settings.name}-{told}" if told else settings.name
