"""Options and records of a prepared folder, as they are on the disk."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from colorzoo.core.config import Settings, Strict
from colorzoo.core.data.packed import Fit


class PrepareOptions(Settings):
    """Size, form and selection of the prepared pictures."""

    size: int = Field(512, ge=8, le=8192, description="side of the squares, in pixels")
    fit: Fit = Field("pad", description="pad with the edge, crop the middle, or squash")
    format: Literal["jpg", "png", "packed"] = Field("jpg", description="files, or one array")
    min_chroma: float = Field(0.0, ge=0, description="least colour beyond a tint of a picture to keep")
    dedupe: bool = Field(False, description="keep only the first of pictures that look alike")


class PreparedImage(Strict):
    """Size, colour, hash and verdict of one picture of the source."""

    key: str
    width: int = Field(0, ge=0)
    height: int = Field(0, ge=0)
    spread: float = Field(0, ge=0, allow_inf_nan=False)
    hash: str = Field("", pattern=r"^([0-9a-f]{16})?$")
    verdict: Literal["kept", "colourless", "duplicate", "broken"] = "kept"
    note: str = ""


class SourceRecord(Strict):
    """Source and options that a folder was begun with; `ids` is the sha256 of the list of ids."""

    source: str
    split: str
    ids: str
    options: PrepareOptions


class Prepared(Strict):
    """The outcome: counts by verdict, source and options."""

    source: str
    split: str
    fingerprint: str
    options: PrepareOptions
    counts: dict[str, int]
