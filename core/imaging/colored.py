"""Colourings as Python hands them out: arrays that show themselves, and remember how they were made."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
from PIL import Image
from pydantic import Field

from colorzoo.core.config import Strict
from colorzoo.core.imaging.contact_sheet import Cell, contact_sheet, thumbnail
from colorzoo.core.imaging.file_metadata import NO_METADATA, Metadata
from colorzoo.core.imaging.image_io import AnyDepth, Picture, lost_in, write
from colorzoo.core.imaging.picture import to_eight_bits

SHOWN_SIDE = 1600
"""Longest side that a notebook is given, in pixels: it keeps what it shows in its file."""
SHOWN_ROWS, SHOWN_COLUMNS = 24, 5
Item = TypeVar("Item")
Order = Literal["K", "A", "C", "F"] | None


class ColoringRecord(Strict):
    """How a colouring was made: the same values make it again."""

    model: str = Field(description="name of the colorizer")
    weights: str | None = Field(description="name, folder, or owner/name on the Hub; None if it has none")
    sha256: str | None = Field(description="of the weights' model.safetensors")
    options: dict[str, Any] = Field(description="all of them, the seed included")
    guidance: dict[str, Any] = Field({}, description="what was said of its colours, if anything")
    frames: bool = Field(False, description="whether its colours agree with those of the frames before")
    table_sha256: str | None = Field(None, description="of the chapter's palette.json that it agrees with")
    sample: int = Field(description="which of the samples it is, the first is 0")
    device: str
    colorzoo_version: str

    @property
    def mark(self) -> str:
        """How it was made, as the history of its file says it."""
        return coloring_mark(
            self.colorzoo_version, self.model, self.weights, self.sha256, self.options.get("seed")
        )


def coloring_mark(
    version: str, model: str, weights: str | None, weights_sha256: str | None, seed: object
) -> str:
    """Return who coloured a picture, and by what: `colorzoo 1.0: vae-mdn, weights faces, seed 3`.

    Of weights in a folder of this machine only its own name is told.
    """
    name = weights and (Path(weights).name if Path(weights).is_dir() else weights)
    digest = f" (sha256 {weights_sha256[:12]})" if weights_sha256 else ""
    named = f", weights {name}{digest}" if name else ""
    return f"colorzoo {version}: {model}{named}, seed {seed}"


class ColoredPicture(np.ndarray[tuple[Any, ...], np.dtype[Any]]):
    """A colouring: an array (H, W, 3) that shows itself in a notebook and has a record of its making.

    It is uint8, or uint16 of a picture of 16 bits. alpha: the same (H, W) of the picture that was coloured,
    if it had any. metadata: what its file says. What is cut or computed from it is an array without them.
    """

    alpha: AnyDepth | None
    profile: bytes | None
    metadata: Metadata
    record: ColoringRecord | None

    @classmethod
    def of(cls, picture: Picture, record: ColoringRecord | None) -> ColoredPicture:
        """Return a picture's pixels, not copied, with its alpha, its profile and a record."""
        colored = picture.pixels.view(cls)
        colored.alpha, colored.profile, colored.record = picture.alpha, picture.profile, record
        colored.metadata = picture.metadata
        return colored

    def __array_finalize__(self, source: object) -> None:
        self.alpha = self.profile = self.record = None
        self.metadata = NO_METADATA

    @property
    def rgb(self) -> AnyDepth:
        """The pixels as a plain array."""
        return self.view(np.ndarray)

    @property
    def picture(self) -> Picture:
        """Pixels, alpha, profile and what the file says as a `Picture`."""
        return Picture(self.rgb, self.alpha, self.profile, metadata=self.metadata)

    @property
    def pil(self) -> Image.Image:
        """A PIL image of its own, of 8 bits, RGB, or RGBA if there is alpha."""
        image = Image.fromarray(to_eight_bits(self.rgb))
        if self.alpha is not None:
            image.putalpha(Image.fromarray(to_eight_bits(self.alpha)))
        return image

    def save(self, path: str | os.PathLike[str], *, quality: int | None = None, mark: bool = True) -> None:
        """Write it in the format of the suffix, atomically; missing folders are made.

        quality: of JPEG, up to 100; None: that of the JPEG that was coloured, else 95; other formats are
        lossless. mark: whether the history in its XMP says that it was coloured, and by what.

        Raises:
            ImageError: a suffix of no format, or a picture too large for it.
        """
        target = Path(os.path.expanduser(path))  # noqa: PTH111  Path raises where there is no such user
        for note in lost_in(target.name, self.picture):
            warnings.warn(f"{target.name}: {note}", stacklevel=2)
        write(target, self.picture, quality=quality, mark=self.record.mark if mark and self.record else "")

    def copy(self, order: Order = "C") -> ColoredPicture:
        """Return a copy of the pixels with the same alpha, profile, metadata and record."""
        return ColoredPicture.of(replace(self.picture, pixels=self.rgb.copy(order)), self.record)

    def __copy__(self) -> ColoredPicture:
        return self.copy()

    def __deepcopy__(self, memo: object) -> ColoredPicture:
        return self.copy()

    def __reduce__(self) -> tuple[Any, ...]:
        return ColoredPicture.of, (self.picture, self.record)

    def __repr__(self) -> str:
        if self.record is None:
            return super().__repr__()
        made = self.record
        of = f"{made.model}, weights {made.weights}" if made.weights else made.model
        size = f"{self.shape[1]}x{self.shape[0]}"
        return f"<{size} picture by {of}, seed {made.options.get('seed')}, sample {made.sample}>"

    def _repr_png_(self) -> bytes | None:
        """Return what a notebook shows, reduced to 1600 pixels a side; None for what is no picture."""
        if self.dtype not in (np.uint8, np.uint16) or self.ndim != 3 or self.shape[2] != 3 or not self.size:
            return None
        image = self.pil
        image.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
        return _png(image)


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, format="PNG", compress_level=1)
    return file.getvalue()


class PictureList(list[Item]):
    """Colourings, or one list of them for each picture, that a notebook shows as a contact sheet."""

    def _repr_png_(self) -> bytes | None:
        """Return the sheet, five wide, 24 rows at most, labelled by index; None for what is no picture."""
        rows = self._rows()
        return _png(Image.fromarray(contact_sheet(rows))) if rows else None

    def _rows(self) -> list[list[Cell]]:
        """Return a row for each picture that has several colourings; others follow each other."""
        nested = {i: list(item) for i, item in enumerate(self) if isinstance(item, PictureList)}
        if any(len(samples) > 1 for samples in nested.values()):
            shown = list(nested.items())[:SHOWN_ROWS]
            rows = [
                _cells(((f"[{i}][{j}]", one) for j, one in enumerate(row)), SHOWN_COLUMNS)
                for i, row in shown
            ]
            return [row for row in rows if row]
        single = [(f"[{i}][0]", row[0]) for i, row in nested.items() if row]
        cells = _cells(single or [(f"[{i}]", one) for i, one in enumerate(self)])
        starts = range(0, len(cells), SHOWN_COLUMNS)
        return [cells[start : start + SHOWN_COLUMNS] for start in starts][:SHOWN_ROWS]


def _cells(labelled: Iterable[tuple[str, object]], most: int = SHOWN_ROWS * SHOWN_COLUMNS) -> list[Cell]:
    """Return the cells of what is a picture, at most so many."""
    pictures = ((label, one) for label, one in labelled if isinstance(one, ColoredPicture))
    return [thumbnail(to_eight_bits(one.rgb), label) for label, one in islice(pictures, most)]
