"""`palette.json`: a chapter's colours and table as a file, so that the next chapter takes them up.

One object of JSON:

    format     "colorzoo-chapter", version 1
    colors     the chapter's palette, the most frequent first: {"color": "#rrggbb", "share": 0.25}; these
               are what `--palette palette.json` reads
    prototypes {"count": N, "channels": 320, "luma": [N], "cb": [N], "cr": [N], "share": [N],
               "features": "…"}

Features are base64 of N rows of 320 signed bytes, each row in units of its largest value's 127th. Luma is
from 0 to 1, cb and cr from -0.5 to 0.5, shares add up to 1.
"""

from __future__ import annotations

import base64
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field, model_validator

from colorzoo.core.config import Settings
from colorzoo.core.files import atomic_write, read_model
from colorzoo.core.guidance.correspondence import Cells
from colorzoo.core.guidance.palette import Palette
from colorzoo.core.guidance.palette_files import MAX_BYTES
from colorzoo.core.interfaces.guidance import Color

Share = Annotated[float, Field(ge=0, le=1)]


class ColorShare(Settings):
    """A colour of the chapter and how much of it there is."""

    color: Color
    share: Share


class Prototypes(Settings):
    """Places of the chapter as lists; see the head of the module."""

    count: int = Field(ge=1, le=4096)
    channels: int = Field(ge=1, le=4096)
    features: str
    luma: list[Share]
    cb: list[Annotated[float, Field(ge=-0.5, le=0.5)]]
    cr: list[Annotated[float, Field(ge=-0.5, le=0.5)]]
    share: list[Share]

    @model_validator(mode="after")
    def _fits(self) -> Prototypes:
        lengths = {len(values) for values in (self.luma, self.cb, self.cr, self.share)}
        size = self.count * self.channels
        if lengths != {self.count} or len(base64.b64decode(self.features, validate=True)) != size:
            raise ValueError(f"expected {self.count} values of each and {size:,} bytes of features")
        return self


class ChapterFile(Settings):
    """What `palette.json` holds."""

    format: Literal["colorzoo-chapter"] = "colorzoo-chapter"
    version: Literal[1] = 1
    colors: list[ColorShare] = Field(max_length=256)
    prototypes: Prototypes


def write_chapter(path: Path, table: Cells, palette: Palette) -> None:
    """Write a chapter's table and palette, atomically."""
    levels = (255 * palette.colors).round().int().tolist()
    shares = [round(share, 4) for share in palette.shares.clamp(0, 1).tolist()]
    colors = [
        ColorShare(color=(red, green, blue), share=share)
        for (red, green, blue), share in zip(levels, shares, strict=True)
    ]
    with atomic_write(path) as file:
        file.write(ChapterFile(colors=colors, prototypes=_stored(table)).model_dump_json().encode() + b"\n")


def read_chapter(path: Path) -> Cells:
    """Return the table of a chapter that was written.

    Raises:
        DataError: the file is absent, damaged, larger than 4 MB, or of another format.
    """
    return _table(read_model(path, ChapterFile, max_bytes=MAX_BYTES).prototypes)


def as_stored(table: Cells) -> Cells:
    """Return a table as `read_chapter` returns it once it is written."""
    return _table(_stored(table))


def _table(table: Prototypes) -> Cells:
    data = np.frombuffer(base64.b64decode(table.features), np.int8).reshape(table.count, table.channels)
    return Cells(
        F.normalize(torch.from_numpy(data.astype(np.float32))),
        torch.tensor(table.luma)[:, None],
        torch.tensor([table.cb, table.cr]).T,
        torch.tensor(table.share),
    )


def is_chapter(path: Path) -> bool:
    """Return whether a file begins as `write_chapter` writes it."""
    start = ChapterFile.model_fields["format"].default.encode()
    with suppress(OSError, ValueError), path.open("rb") as file:
        return start in file.read(200)
    return False


def _stored(table: Cells) -> Prototypes:
    peak = table.features.abs().amax(1, keepdim=True).clamp_min(1e-12)
    features = (127 * table.features / peak).round().to(torch.int8).numpy().tobytes()
    columns = (table.luma[:, 0].clamp(0, 1), *table.chroma.clamp(-0.5, 0.5).T, table.weights.clamp(0, 1))
    luma, cb, cr, share = ([round(value, 5) for value in column.tolist()] for column in columns)
    count, channels = table.features.shape
    encoded = base64.b64encode(features).decode()
    return Prototypes(
        count=count, channels=channels, features=encoded, luma=luma, cb=cb, cr=cr, share=share
    )
