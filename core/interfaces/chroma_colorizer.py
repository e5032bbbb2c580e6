"""Base of colorizers that predict chroma at a size of their own, as most do."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from torch import Tensor

from colorzoo.core.config import RunOptions
from colorzoo.core.imaging import color
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.guidance import Guidance

Size = tuple[int, int]
"""Height and width in pixels."""


class ChromaColorizer(Colorizer):
    """A colorizer that gives `chroma`: what comes before and after it is done here, once.

    The grey is shrunk to `working_size`, the chroma brought up along the edges of the luma, and recombined.
    """

    def working_size(self, size: Size, options: RunOptions) -> Size:
        """Return the size of the grey that `chroma` is given of a picture; by default the same."""
        return size

    @abstractmethod
    def chroma(self, small: Tensor, options: RunOptions) -> Tensor:
        """Return chroma (N, K, 2, h, w) for grey (N, 1, H, W) at working size, in [0, 1].

        K is options.samples, or 1 where all samples are alike. h and w are any. A model with a luma of its
        own (`keeps_luma = False`) may return sRGB (N, K, 3, h, w) in their place.
        """

    def guided_chroma(self, small: Tensor, options: RunOptions, guidance: Sequence[Guidance]) -> Tensor:
        """Return chroma as `chroma` does that follows the guidance, one a picture; hints are in its pixels.

        Override it, and say in `capabilities.takes` what of guidance it follows.
        """
        return self.chroma(small, options)

    def colorize(self, gray: Tensor, options: RunOptions) -> Tensor:
        return _colored(gray, self.full_chroma(gray, options), options.samples)

    def colorize_guided(self, gray: Tensor, options: RunOptions, guidance: Sequence[Guidance]) -> Tensor:
        if not self.capabilities.takes:
            return self.colorize(gray, options)
        return _colored(gray, self.full_chroma(gray, options, guidance), options.samples)

    def full_chroma(self, gray: Tensor, options: RunOptions, guidance: Sequence[Guidance] = ()) -> Tensor:
        """Return what `chroma` gives (N K, 2 or 3, H, W) at the size of gray (N, 1, H, W)."""
        size = (gray.shape[-2], gray.shape[-1])
        working = self.working_size(size, options)
        small = color.resize_area(gray, working)
        told = [one.in_pixels(size, working) for one in guidance]
        fields = self.guided_chroma(small, options, told) if told else self.chroma(small, options)
        flat = fields.flatten(0, 1)
        if flat.shape[1] == 3:
            return color.resize_area(flat, size)
        if flat.shape[-2:] == size:
            return flat
        return color.guided_upsample(flat, gray.repeat_interleave(fields.shape[1], 0))


def _colored(gray: Tensor, full: Tensor, samples: int) -> Tensor:
    """Return colourings (N, samples, 3, H, W) of gray (N, 1, H, W) from what `full_chroma` gave."""
    each = len(full) // len(gray)
    colored = (
        full.clamp(0, 1) if full.shape[1] == 3 else color.recombine(gray.repeat_interleave(each, 0), full)
    )
    by_picture = colored.reshape(len(gray), each, *colored.shape[1:])
    return by_picture.expand(-1, samples, -1, -1, -1)
