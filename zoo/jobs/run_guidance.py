"""What a user says about colours on the command line and in files beside pictures, read and checked."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, RootModel
from torch import Tensor

from colorzoo.core.config import Strict, validate
from colorzoo.core.errors import ConfigError, printable
from colorzoo.core.files import file_digest, read_model
from colorzoo.core.guidance.chapter_file import is_chapter, read_chapter
from colorzoo.core.guidance.correspondence import SIDE, Cells
from colorzoo.core.guidance.palette_files import read_palette
from colorzoo.core.guidance.reference import as_reference
from colorzoo.core.imaging.image_io import Picture, read, read_reduced
from colorzoo.core.imaging.picture import to_eight_bits
from colorzoo.core.interfaces.guidance import Guidance, Hint

SIDECARS = LAYER, POINTS = ".hints.png", ".hints.json"
"""Endings of files beside a picture: photo.hints.png and photo.hints.json of photo.jpg."""
HINT = re.compile(r"\s*([^,=\s]+)\s*,\s*([^,=\s]+)\s*=\s*(.+?)\s*")
MAX_HINTS_BYTES = 16_000_000
CELLS = 512
"""Cells a side that a layer's strokes become hints of, at most."""


class HintFile(RootModel[list[Hint]]):
    """The content of a file of hints."""


class GuidanceRequest(Strict):
    """What a user says about colours, as it was given; stored with the results."""

    hints: tuple[str, ...] = Field((), description="x,y=colour, in pixels or percent")
    hint_files: tuple[str, ...] = Field((), description="files of hints, or layers with strokes")
    strength: float = 1.0
    style: str = "plain"
    palette: str | None = Field(None, description="colours, or a file of them")
    references: tuple[str, ...] = Field((), description="pictures whose colours are wanted")
    flats: bool = False
    reach: float = 0.5
    paper: bool | None = None
    consistent: bool = Field(False, description="whether the pages agree, on references if there are any")

    def checked(self) -> GuidanceRequest:
        """Return it once everything in it can be meant, but for layers, which depend on the picture.

        Raises:
            ConfigError, DataError, ImageError: something cannot; one line.
        """
        _ = self.common, self.pictures  # reading them checks them
        for file in self.hint_files:
            if not _is_layer(file) and not Path(file).is_file():
                raise ConfigError(f"--hints {printable(file)}: no such file")
        return self

    @cached_property
    def common(self) -> Guidance:
        """What is said of all pictures."""
        plain = {"strength": self.strength, "style": self.style, "reach": self.reach}
        return validate(
            Guidance,
            {
                **plain,
                "hints": [*map(parse_hint, self.hints), *self._read_hints()],
                "palette": read_palette(self.palette) if self.palette and not self.chapter else (),
                "references": () if self.consistent else self.pictures,
                "flats": self.flats,
                "paper": self.paper,
            },
            "guidance",
        )

    @cached_property
    def pictures(self) -> list[Tensor]:
        """The references, as `Guidance` takes them."""
        return [_reference(Path(file)) for file in self.references]

    @cached_property
    def chapter(self) -> Cells | None:
        """The table of another chapter that the pages are to agree with, if the palette is its file."""
        if not (self.consistent and self.palette and is_chapter(Path(self.palette))):
            return None
        return read_chapter(Path(self.palette))

    def of(self, path: Path | None, picture: Picture) -> Guidance:
        """Return what is said of a picture, by options and by the files beside it.

        path: of the picture; None where it has none.

        Raises:
            ConfigError, DataError, ImageError: a file cannot be read, or a layer is of another size.
        """
        hints = list(self.common.hints)
        for layer in [Path(file) for file in self.hint_files if _is_layer(file)]:
            hints += layer_hints(layer, picture)
        for file in sidecars(path) if path else ():
            hints += layer_hints(file, picture) if _is_layer(file.name) else read_hints(file)
        return self.common.model_copy(update={"hints": tuple(hints)}) if hints else self.common

    @cached_property
    def digest(self) -> str:
        """The sha256 of what is said of all pictures, empty where nothing is."""
        layers = [_digest(Path(file)) for file in self.hint_files if _is_layer(file)]
        sources = [self.palette or "", *self.references] if self.consistent else []
        agreed = ["consistent", *(_digest(Path(file)) for file in sources)] if self.consistent else []
        known = [self.common.digest, *layers, *agreed] if self.common.digest or layers or agreed else []
        return hashlib.sha256("\n".join(known).encode()).hexdigest() if known else ""

    def given(self) -> dict[str, object]:
        """Return what tells names of results apart."""
        counted = {"hints": len(self.hints) + len(self.hint_files), "references": len(self.references)}
        said = self.model_dump(exclude_defaults=True, exclude={"hints", "hint_files", "references"})
        return {**said, **{name: count for name, count in counted.items() if count}}

    def record(self, path: Path | None = None) -> dict[str, Any]:
        """Return what was given, with the sha256 of each file, as values that JSON can hold."""
        names = [*self.hint_files, *self.references, *([self.palette] if self.palette else [])]
        files = [Path(name) for name in names] + (sidecars(path) if path else [])
        digests = {str(file): _digest(file) for file in files if file.is_file()}
        said = self.model_dump(mode="json", exclude_defaults=True)
        return {**said, **({"files": digests} if digests else {})}

    def _read_hints(self) -> Iterator[Hint]:
        for file in self.hint_files:
            if not _is_layer(file):
                yield from read_hints(Path(file))


NO_GUIDANCE = GuidanceRequest()


def parse_hint(text: str) -> Hint:
    """Return the hint of `120,80=#c03020` or `50%,20%=192,48,32`.

    Raises:
        ConfigError: it is none.
    """
    match = HINT.fullmatch(text)
    if not match:
        raise ConfigError(f"--hint {printable(text)}: expected x,y=colour, such as 120,80=#c03020")
    x, y, color = match.groups()
    return validate(Hint, {"x": x, "y": y, "color": color}, f"--hint {printable(text)}")


def read_hints(path: Path) -> list[Hint]:
    """Return the hints of a JSON file, a list of objects with x, y, color and, maybe, radius.

    Raises:
        DataError: it is absent, or none.
    """
    return read_model(path, HintFile, max_bytes=MAX_HINTS_BYTES).root


def layer_hints(path: Path, picture: Picture) -> list[Hint]:
    """Return the strokes of a layer, transparent elsewhere, as hints: one for each cell they touch.

    Raises:
        ConfigError: it is not transparent, or not of the picture's size.
    """
    layer, (height, width) = read(path), picture.full_size
    if layer.size != (height, width):
        size = f"{layer.size[1]}x{layer.size[0]}"
        raise ConfigError(
            f"{printable(str(path))}: a layer of {size} on a picture of {width}x{height}; make them equal"
        )
    alpha, rgb = None if layer.alpha is None else to_eight_bits(layer.alpha), layer.rgb
    if alpha is None or (alpha == 255).all():
        raise ConfigError(f"{printable(str(path))}: not transparent; hints are strokes on a clear layer")
    cell = -(-max(height, width) // CELLS)
    rows, columns = np.nonzero(alpha >= 128)
    _, first = np.unique(rows // cell * width + columns // cell, return_index=True)
    return [
        Hint(x=float(columns[i]), y=float(rows[i]), color=tuple(rgb[rows[i], columns[i]].tolist()),
             radius=cell / 2)
        for i in first
    ]  # fmt: skip


def sidecars(path: Path) -> list[Path]:
    """Return the files of hints beside a picture."""
    text = os.fspath(path)  # texts, and no error where there is none: most pictures of many have none
    stem = text[: len(text) - len(path.suffix)]
    beside = (f"{stem}{ending}" for ending in (POINTS, LAYER))
    return [Path(file) for file in beside if os.access(file, os.F_OK) and os.path.isfile(file)]  # noqa: PTH113


def sidecars_digest(path: Path) -> str:
    """Return the sha256 of the files of hints beside a picture, empty if there are none."""
    return " ".join(map(file_digest, sidecars(path)))


def _is_layer(name: str) -> bool:
    return not name.lower().endswith(".json")


def _digest(path: Path) -> str:
    return file_digest(path) if path.is_file() else ""


def _reference(path: Path) -> Tensor:
    """Return a reference, sRGB (3, h, w) in [0, 1], reduced to what is looked at.

    Raises:
        ImageError: it cannot be read.
    """
    return as_reference(read_reduced(path, SIDE)[0])
