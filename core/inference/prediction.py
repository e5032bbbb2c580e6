"""What a colorizer predicts for a picture: kept, it takes other guidance without the network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from colorzoo.core.guidance.apply import HINTS, POINTWISE, SPATIAL, guided
from colorzoo.core.guidance.correspondence import Cells
from colorzoo.core.guidance.paper import colored_share
from colorzoo.core.imaging import color
from colorzoo.core.imaging.image_io import AnyDepth, Picture
from colorzoo.core.inference.memory import release_free_memory
from colorzoo.core.inference.tiling import STRIPE, bilinear_rows, stripes
from colorzoo.core.interfaces.capabilities import Capabilities
from colorzoo.core.interfaces.guidance import Guidance

SIDE, FLATS_SIDE = 512, 1536
"""Longest side at which guidance looks at whole pictures, and where it must see their lines."""
SCAN_STRIPE = 2**16
"""Pixels of the reduced copy of a scan that are made at once."""
NOTHING = Guidance()
Size = tuple[int, int]
"""Height and width in pixels."""
Rows = Callable[[int, int], Tensor]
"""Returns the rows of a colouring (1, 3, h, w) from the first to the last, exclusive."""
Luma = Callable[[int, int], npt.NDArray[np.float32]]
"""Returns the luma (h, w) in [0, 1] of the same rows."""


@dataclass(frozen=True)
class Prediction:
    """Colourings (K, 3, h, w) of a picture before guidance.

    guide: the grey (1, 1, h, w) that was coloured, if it was not of the picture's size. keeps_luma: whether
    the picture's own luma is restored. capabilities: what the colorizer states, and has done itself; it
    takes no hints if it was given none, so that the engine spreads those of later guidance.
    """

    picture: Picture
    rgb: Tensor
    guide: Tensor | None
    keeps_luma: bool
    capabilities: Capabilities

    def pictures(self, guidance: Guidance = NOTHING, table: Cells | None = None) -> Iterator[Picture]:
        """Yield the samples under guidance, one by one: memory holds a single one at full size.

        table: what the pages of a chapter agree on.

        Raises:
            ConfigError: a hint lies outside the picture; before the first sample.
        """
        size, depth, scan = self.picture.size, self.picture.pixels.dtype, self.picture.scan
        in_full = self.by_rows(guidance, table, scan.size, scan.luma) if scan else None
        if scan:
            release_free_memory()  # what loading and the network took
        for rows in self.by_rows(guidance, table, size, self.picture.luma):
            with torch.inference_mode():
                pixels = _at_full_size(size, rows, depth, SCAN_STRIPE if scan else STRIPE)
            colored = scan.colored(_in_integers(next(in_full), depth)) if scan and in_full else None
            if scan:
                release_free_memory()  # its rows are made in the room that this took
            yield replace(self.picture, pixels=pixels, notes=(), scan=colored)
            del pixels

    def by_rows(self, guidance: Guidance, table: Cells | None, size: Size, luma: Luma) -> Iterator[Rows]:
        """Yield each sample under guidance as a function that makes some of its rows, at any size.

        luma: the picture's own at that size.

        Raises:
            ConfigError: a hint lies outside the picture; before the first sample.
        """
        with torch.inference_mode():
            rgb, guide = self._guided(guidance.without(self.capabilities.takes - HINTS), table)
            share = self._share if self._keeps_paper(guidance) else None
        if guide is None and size != self.picture.size:
            guide = to_tensor(self.picture.gray).to(self.rgb.device)
        for own, sample in zip(self.rgb, rgb, strict=True):
            yield self._rows(own[None], sample[None], guide, share, size, luma)

    @cached_property
    def _share(self) -> Tensor:
        """How much of its colour each place keeps; computed once, for a change of hints waits for it."""
        return colored_share(self.picture.gray)

    def planes(self, side: int | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Return grey (1, 1, h, w), luma (1 or K, 1, h, w) as coloured, and chroma (K, 2, h, w).

        side: the longest at most, whatever the size that was coloured; None for that one.
        """
        if side or self.guide is None:
            size = fitted_size(self.picture.size, side)
            gray = resized(to_tensor(self.picture.gray).to(self.rgb.device), size)
        else:
            gray = self.guide
        chroma, size = color.chroma(self.rgb), (gray.shape[-2], gray.shape[-1])
        if chroma.shape[-2:] != size:
            chroma = _brought_to(chroma, gray)
        return gray, gray if self.keeps_luma else color.luma(color.resize_area(self.rgb, size)), chroma

    def page(self, guidance: Guidance = NOTHING) -> tuple[Tensor, Tensor]:
        """Return luma (1, h, w) and styled chroma (2, h, w) of the first sample, for a chapter's table."""
        with torch.inference_mode():
            _, luma, chroma = self.planes(SIDE)
            guidance = guidance.without(guidance.given() - POINTWISE | self.capabilities.takes)
            return luma[0], guided(chroma[:1], luma[:1], guidance)[0]

    def recolored(self, gray: Tensor, luma: Tensor, chroma: Tensor) -> Prediction:
        """Return it with other planes, as `planes` returned them."""
        guide = gray if gray.shape[-2:] != self.picture.size else None
        return replace(self, rgb=color.recombine(luma, chroma), guide=guide)

    def _guided(self, guidance: Guidance, table: Cells | None) -> tuple[Tensor, Tensor | None]:
        """Return colourings under guidance and their guide, smaller where whole pictures are looked at."""
        given = guidance.given()
        if table is None and not given & (POINTWISE | SPATIAL):
            return self.rgb, self.guide
        looks = table is not None or given & SPATIAL
        gray, luma, chroma = self.planes((FLATS_SIDE if "flats" in given else SIDE) if looks else None)
        guidance = guidance.in_pixels(self.picture.full_size, (gray.shape[-2], gray.shape[-1]))
        followed = "hints" in self.capabilities.takes
        wanted = guided(chroma, luma[:1], guidance, table, followed=followed)
        guided_one = self.recolored(gray, luma, wanted)
        return guided_one.rgb, guided_one.guide

    def _rows(
        self,
        own: Tensor,
        sample: Tensor,
        guide: Tensor | None,
        share: Tensor | None,
        size: tuple[int, int],
        luma: Luma,
    ) -> Rows:
        """Return a function from first and last row to the sample at a size; own: before guidance."""
        if self.keeps_luma:
            return _rows_with_luma(luma, size, sample, guide, share)
        if sample.shape == own.shape or tuple(own.shape[-2:]) != size:
            return _rows_resized(size, sample)
        kept = color.luma(own)[0, 0].cpu().numpy()
        return _rows_with_luma(lambda top, bottom: kept[top:bottom], size, sample, color.luma(sample), None)

    def _keeps_paper(self, guidance: Guidance) -> bool:
        wanted = self.capabilities.paper if guidance.paper is None else guidance.paper
        return wanted and self.keeps_luma and "paper" not in self.capabilities.takes


def fitted_size(size: Size, side: int | None, multiple: int = 1) -> Size:
    """Return the size of a picture with its longest side at most `side`, and sides that are multiples."""
    scale = min(1.0, side / max(size)) if side else 1.0
    height, width = (-(-max(1, round(length * scale)) // multiple) * multiple for length in size)
    return height, width


def resized(image: Tensor, size: Size) -> Tensor:
    """Return (N, C, H, W) at a size, itself where it has that."""
    return image if image.shape[-2:] == size else color.resize_area(image, size)


def _brought_to(chroma: Tensor, gray: Tensor) -> Tensor:
    """Return chroma (K, 2, h, w) at the size of gray (1, 1, H, W), along its edges where it grows."""
    if chroma.shape[-2] < gray.shape[-2]:
        return color.guided_upsample(chroma, gray.expand(len(chroma), -1, -1, -1))
    return color.resize_area(chroma, (gray.shape[-2], gray.shape[-1]))


def _at_full_size(size: Size, rows: Rows, depth: np.dtype[Any], stripe: int) -> AnyDepth:
    """Return a colouring (H, W, 3) of uint8 or uint16, made by stripes of so many pixels."""
    out = np.empty((*size, 3), depth)
    for top, bottom in stripes(*size, stripe):
        out[top:bottom] = to_pixels(rows(top, bottom), depth)
    return out


def _in_integers(rows: Rows, depth: np.dtype[Any]) -> Callable[[int, int], AnyDepth]:
    """Return a function from first and last row to pixels (h, W, 3) of uint8 or uint16."""

    def pixels(top: int, bottom: int) -> AnyDepth:
        with torch.inference_mode():
            return to_pixels(rows(top, bottom), depth)

    return pixels


def _rows_resized(size: Size, rgb: Tensor) -> Rows:
    """Return a function from first and last row to the colouring at that size, with a luma of its own."""
    if rgb.shape[-2:] == size:
        return lambda top, bottom: rgb[..., top:bottom, :]
    return lambda top, bottom: bilinear_rows(rgb, size, top, bottom)


def _rows_with_luma(
    luma_rows: Luma, size: Size, rgb: Tensor, guide: Tensor | None, share: Tensor | None
) -> Rows:
    """Return a function from first and last row to the colouring (1, 3, h, w) with a luma of that size.

    guide: the grey of rgb, if it is smaller. share: of its chroma that a place keeps.
    """

    def luma(top: int, bottom: int) -> Tensor:
        return torch.from_numpy(luma_rows(top, bottom))[None, None].to(rgb.device)

    def kept(top: int, bottom: int) -> Tensor | float:
        return 1 if share is None else bilinear_rows(share, size, top, bottom).to(rgb.device)

    if guide is None and share is None:
        return lambda top, bottom: color.keep_luma(luma(top, bottom), rgb[..., top:bottom, :])
    if guide is None:
        return lambda top, bottom: color.recombine(
            luma(top, bottom), color.chroma(rgb[..., top:bottom, :]) * kept(top, bottom)
        )
    low = _chroma_and_slope(rgb, guide)

    def rows(top: int, bottom: int) -> Tensor:
        y = luma(top, bottom)
        chroma, slope, base = torch.split(bilinear_rows(low, size, top, bottom), [2, 2, 1], 1)
        return color.recombine(y, (chroma + slope * (y - base)) * kept(top, bottom))

    return rows


def _chroma_and_slope(rgb: Tensor, guide: Tensor) -> Tensor:
    """Return (1, 5, h, w): chroma of rgb (1, 3, h, w), its slope over the luma, and guide (1, 1, h, w)."""
    chroma = color.chroma(rgb)
    return torch.cat([chroma, color.guided_slope(chroma, guide), guide], 1)


def to_tensor(gray: AnyDepth) -> Tensor:
    """Return grey uint8 (H, W) as (1, 1, H, W) in [0, 1]."""
    return torch.from_numpy(gray).float().div_(255)[None, None]


def to_pixels(rgb: Tensor, depth: np.dtype[Any]) -> AnyDepth:
    """Return RGB (1, 3, H, W) in [0, 1] as uint8 or uint16 (H, W, 3), rounded to the nearest."""
    highest = int(np.iinfo(depth).max)
    kind = torch.uint8 if highest == 255 else torch.uint16
    scaled = rgb[0].clamp(0, 1).mul(highest).round_().to(kind)
    return np.ascontiguousarray(scaled.permute(1, 2, 0).cpu().numpy())
