"""Scans that are larger than the memory: a reduced picture of them, and their rows a stripe at a time.

libvips reads them from top to bottom, so that memory holds some rows; each pass opens the file anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from copy import copy
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from colorzoo.core.errors import ImageError, printable
from colorzoo.core.imaging import decoding
from colorzoo.core.imaging.file_metadata import ORIENTATION, metadata_of
from colorzoo.core.imaging.limits import MAX_PIXELS, MAX_SCAN_PIXELS, Refused, bound_pixels
from colorzoo.core.imaging.picture import AnyDepth, Picture, luma_of

SIDE = 1024
"""Longest side of the reduced picture, which is what colorizers see."""
STRIPE = 2**16
"""Pixels of a scan that are in memory at once."""
LOADERS = {"TIFF": "tiffload", "PNG": "pngload"}
SPACES = ("b-w", "grey16", "srgb", "rgb", "rgb16")
DEPTHS: dict[str, np.dtype[Any]] = {"uchar": np.dtype(np.uint8), "ushort": np.dtype(np.uint16)}
Rows = Callable[[int, int], AnyDepth]


def is_readable() -> bool:
    """Return whether the extra that reads scans is installed."""
    return find_spec("pyvips") is not None


def scanned(path: Path, most: int = MAX_PIXELS) -> Picture | None:
    """Return a TIFF or PNG of more pixels than are read at once, reduced, with its scan; None of others.

    most: pixels that are read at once.

    Raises:
        ImageError: it is damaged, or of a kind that is not read in stripes.
    """
    if not is_readable() or not path.is_file():
        return None
    with path.open("rb") as file, decoding.image_errors(str(path)):
        return _scanned(path, file, most)


def _scanned(path: Path, file: IO[bytes], most: int) -> Picture | None:
    try:
        image = decoding.identified(file)
    except Refused:
        return None
    width, height = image.size
    if image.format not in LOADERS or width * height <= most:
        return None
    bound_pixels(width, height, MAX_SCAN_PIXELS)
    exif = image.getexif() if image.format == "TIFF" or "exif" in image.info else {}
    if exif.get(ORIENTATION, 1) != 1:
        raise Refused("a scan that is to be turned; turn it first, as `vips autorot` does")
    scan = Scan(path, LOADERS[image.format])
    profile, notes = decoding.profile_of(image)
    said = metadata_of(image, dict(image.info), image.size, file, loaded=False)
    pixels, alpha = scan.reduced()
    return Picture(pixels, alpha, profile, notes, said, scan)


class Scan:
    """The pixels of a file, in stripes from top to bottom."""

    def __init__(self, path: Path, loader: str) -> None:
        self.path, self.loader = path, loader
        image = self._opened()
        if image.format not in DEPTHS or image.bands > 4 or image.interpretation not in SPACES:
            raise Refused(f"a scan of {image.interpretation} and {image.format}; save it as grey or RGB")
        self.size, self.depth = (image.height, image.width), DEPTHS[image.format]
        self.has_alpha = bool(image.hasalpha())
        self._region: Any = None
        self._kept: tuple[int, int, AnyDepth] | None = None
        self.rgb_rows: Rows = lambda top, bottom: self._split(self._rows(top, bottom))[0]

    def reduced(self) -> tuple[AnyDepth, AnyDepth | None]:
        """Return RGB and alpha at a longest side of 1024, averaged."""
        height, width = self.size
        scale = min(1.0, SIDE / max(self.size))
        across, down = (max(1, round(side * scale)) / side for side in (width, height))
        image = self._opened().resize(across, vscale=down)
        return self._split(image.numpy())

    def luma(self, top: int, bottom: int) -> npt.NDArray[np.float32]:
        """Return the luma (h, W) of some rows in [0, 1]; rows are asked for in their order."""
        return luma_of(self._split(self._rows(top, bottom))[0])

    def colored(self, rows: Rows) -> Scan:
        """Return it with RGB of other rows, which are made as they are asked for."""
        other = copy(self)
        other.rgb_rows = rows
        return other

    def blocks(self) -> Iterator[AnyDepth]:
        """Yield the rows from the first to the last, (h, W, 3 or 4), a stripe at a time."""
        height, width = self.size
        step = max(1, STRIPE // width)
        for top in range(0, height, step):
            bottom = min(top + step, height)
            rgb = self.rgb_rows(top, bottom)
            yield np.dstack([rgb, self._rows(top, bottom)[..., -1:]]) if self.has_alpha else rgb

    def _opened(self) -> Any:
        import pyvips

        logging.getLogger("pyvips").setLevel(logging.ERROR)  # odd metadata is harmless
        pyvips.cache_set_max(0)  # what it keeps of files read before is not used again
        pyvips.concurrency_set(1)
        load = getattr(pyvips.Image, self.loader)
        return load(str(self.path), access="sequential", fail_on="error", revalidate=True)

    def _rows(self, top: int, bottom: int) -> AnyDepth:
        """Return rows (h, W, bands); the first ones begin a pass."""
        import pyvips

        if self._kept is not None and self._kept[:2] == (top, bottom):
            return self._kept[2]
        try:
            if top == 0:
                self._region = pyvips.Region.new(self._opened())
            data: bytes = self._region.fetch(0, top, self.size[1], bottom - top)
        except pyvips.Error as error:
            raise ImageError(f"{self.path}: damaged picture ({printable(str(error), 120)})") from None
        rows: AnyDepth = np.frombuffer(data, self.depth).reshape(bottom - top, self.size[1], -1)
        self._kept = (top, bottom, rows)
        return rows

    def _split(self, rows: AnyDepth) -> tuple[AnyDepth, AnyDepth | None]:
        """Return RGB (h, W, 3) and alpha (h, W) of rows with all bands."""
        rows = rows[..., None] if rows.ndim == 2 else rows
        colors = rows[..., :-1] if self.has_alpha else rows
        rgb = np.repeat(colors, 3, axis=2) if colors.shape[2] == 1 else np.ascontiguousarray(colors)
        return rgb, np.ascontiguousarray(rows[..., -1]) if self.has_alpha else None
