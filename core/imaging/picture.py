"""A picture in memory: its pixels in full depth, as eight bits, as luma, and what its file said besides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from colorzoo.core.imaging.file_metadata import NO_METADATA, Metadata

Pixels = npt.NDArray[np.uint8]
AnyDepth = npt.NDArray[Any]
"""uint8 or uint16."""
STRIPE = 2**20
"""Pixels that are converted at once."""


class Stripes(Protocol):
    """Pixels that are larger than the memory."""

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""

    def blocks(self) -> Iterator[AnyDepth]:
        """Yield rows from the first to the last, (h, W, 3 or 4), a stripe at a time."""

    def luma(self, top: int, bottom: int) -> npt.NDArray[np.float32]:
        """Return the luma (h, W) of some rows in [0, 1]."""

    def colored(self, rows: Callable[[int, int], AnyDepth]) -> Stripes:
        """Return these pixels with other colours, made as they are asked for."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture: RGB (H, W, 3), upright, with alpha (H, W) and colour profile if any.

    pixels: uint8 or uint16, alpha the same. `rgb` and `gray` are their eight bits, whatever the depth.
    notes: what of its file was left out, each a clause. metadata: what the file says besides pixels. scan:
    the pixels in full, where these are those of a reduced copy.
    """

    pixels: AnyDepth
    alpha: AnyDepth | None = None
    profile: bytes | None = field(default=None, repr=False)
    notes: tuple[str, ...] = field(default=(), compare=False)
    metadata: Metadata = field(default=NO_METADATA, repr=False, compare=False)
    scan: Stripes | None = field(default=None, repr=False, compare=False)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]

    @property
    def full_size(self) -> tuple[int, int]:
        """Height and width of the scan, if it is a reduced copy of one."""
        return self.scan.size if self.scan else self.size

    @property
    def is_deep(self) -> bool:
        """Whether it has 16 bits a channel."""
        return self.pixels.dtype == np.uint16

    @property
    def rgb(self) -> Pixels:
        """RGB uint8 (H, W, 3); of 16 bits rounded to the nearest."""
        return to_eight_bits(self.pixels)

    @property
    def gray(self) -> Pixels:
        """BT.601 luma uint8 (H, W), OpenCV's RGB2GRAY."""
        return to_eight_bits(np.asarray(cv2.cvtColor(self.pixels, cv2.COLOR_RGB2GRAY)))

    def luma(self, top: int, bottom: int) -> npt.NDArray[np.float32]:
        """Return the luma (h, W) of some rows in [0, 1]: of 16 bits unrounded, of 8 bits that of `gray`."""
        return luma_of(self.pixels[top:bottom])


def luma_of(pixels: AnyDepth) -> npt.NDArray[np.float32]:
    """Return the luma (H, W) in [0, 1] of RGB (H, W, 3): of 16 bits unrounded, of 8 bits RGB2GRAY."""
    if pixels.dtype == np.uint8:
        gray = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)
        return np.divide(gray, np.float32(255), out=gray)
    luma = np.asarray(cv2.cvtColor(pixels.astype(np.float32), cv2.COLOR_RGB2GRAY), np.float32)
    return np.divide(luma, np.float32(65535), out=luma)


def to_eight_bits(pixels: npt.NDArray[Any]) -> Pixels:
    """Return uint8 or uint16 as uint8, rounded to the nearest; uint8 is not copied."""
    if pixels.dtype == np.uint8:
        return pixels
    out = np.empty(pixels.shape, np.uint8)
    rows = max(1, STRIPE // max(1, pixels.shape[1]))
    for top in range(0, len(pixels), rows):
        out[top : top + rows] = (pixels[top : top + rows].astype(np.uint32) + 128) // 257
    return out
