"""Base of colorizers that predict chroma at a size of their own, as most do."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor

from colorzoo.core.config import RunOptions
from colorzoo.core.imaging import color
from colorzoo.core.interfaces.colorizer import Colorizer

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

    def colorize(self, gray: Tensor, options: RunOptions) -> Tensor:
        full = self.full_chroma(gray, options)
        samples = len(full) // len(gray)
        repeated = gray.repeat_interleave(samples, 0)
        colored = full.clamp(0, 1) if full.shape[1] == 3 else color.recombine(repeated, full)
        by_picture = colored.reshape(len(gray), samples, *colored.shape[1:])
        return by_picture.expand(-1, options.samples, -1, -1, -1)

    def full_chroma(self, gray: Tensor, options: RunOptions) -> Tensor:
        """Return what `chroma` gives (N K, 2 or 3, H, W) at the size of gray (N, 1, H, W)."""
        size = (gray.shape[-2], gray.shape[-1])
        small = color.resize_area(gray, self.working_size(size, options))
        fields = self.chroma(small, options)
        flat = fields.flatten(0, 1)
        if flat.shape[1] == 3:
            return color.resize_area(flat, size)
        if flat.shape[-2:] == size:
            return flat
        return color.guided_upsample(flat, gray.repeat_interleave(fields.shape[1], 0))
