"""What a user asks of a video: which part of it, and how well it is encoded."""

from __future__ import annotations

import re

from colorzoo.core.config import validate
from colorzoo.core.errors import ConfigError, printable
from colorzoo.core.interfaces.container import VideoOptions

TIME = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,2}):)?(\d{1,6}(?:\.\d{1,9})?)")


def video_options(start: str | None = None, end: str | None = None, crf: int | None = None) -> VideoOptions:
    """Return what is asked; times as `seconds` reads them.

    Raises:
        ConfigError: a time cannot be read, or the part is empty.
    """
    first = seconds(start, "--start") if start is not None else 0
    last = seconds(end, "--end") if end is not None else None
    if last is not None and last <= first:
        raise ConfigError(f"--end {end}: is not behind --start {start or 0}")
    return validate(VideoOptions, {"start": first, "end": last, "crf": crf}, "a video")


def seconds(text: str, option: str) -> float:
    """Return a time of a film: 95, 95.5, 1:35 or 0:01:35.5.

    Raises:
        ConfigError: it is none.
    """
    match = TIME.fullmatch(text.strip())
    if match is None:
        raise ConfigError(f"{option} {printable(text)}: expected seconds, or h:mm:ss as 1:02:03")
    hours, minutes, rest = (float(part or 0) for part in match.groups())
    return 3600 * hours + 60 * minutes + rest
