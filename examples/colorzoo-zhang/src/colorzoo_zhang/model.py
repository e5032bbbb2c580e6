"""The colorizers: grey to ab at a square of their own, and ab to the picture's luma."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from colorzoo.core import Capabilities, ChromaColorizer, Guidance, color
from colorzoo_zhang.config import Eccv16Options, ZhangConfig, ZhangOptions
from colorzoo_zhang.lab import lightness, rgb_of_ab
from colorzoo_zhang.networks import Eccv16Network, Siggraph17Network

MAX_SIDE = 512
"""Longest side at which ab is brought up along the edges; the engine goes on from there."""


class ZhangColorizer(ChromaColorizer, nn.Module):
    """What both have in common; `chroma` of them is ab of CIE Lab."""

    Config = ZhangConfig
    Options = ZhangOptions
    deterministic = True

    @classmethod
    def adopt(cls, tensors: Mapping[str, Tensor], config) -> Mapping[str, Tensor]:
        """Return the release's tensors as those of `net`; norms get the counters that old files lack."""
        norms = [name.removesuffix("running_mean") for name in tensors if name.endswith(".running_mean")]
        counters = {f"{norm}num_batches_tracked": torch.tensor(0) for norm in norms}
        return {f"net.{name}": tensor for name, tensor in {**counters, **tensors}.items()}

    def working_size(self, size, options: ZhangOptions) -> tuple[int, int]:
        """Return the square that the releases squeeze every picture into."""
        return options.input_size, options.input_size

    def full_chroma(self, gray: Tensor, options, guidance: Sequence[Guidance] = ()) -> Tensor:
        """Return Cb and Cr at the size of gray, of ab brought up to it."""
        return color.chroma(rgb_of_ab(gray, super().full_chroma(gray, options, guidance)))


class Eccv16(ZhangColorizer):
    """Zhang, Isola, Efros 2016: classification over 313 colours, and a mean of them."""

    Options = Eccv16Options
    capabilities = Capabilities(max_input_side=MAX_SIDE, domains=("photo",))

    def __init__(self, config: ZhangConfig | None = None) -> None:
        super().__init__(config)
        self.net = Eccv16Network(self.config.width)

    def chroma(self, small: Tensor, options: Eccv16Options) -> Tensor:
        """Return ab (N, 1, 2, h, w) for grey (N, 1, h, w)."""
        return self.net(lightness(small), options.temperature)[:, None].float()


class Siggraph17(ZhangColorizer):
    """Zhang et al. 2017: a U-Net that was trained to follow hints."""

    capabilities = Capabilities(max_input_side=MAX_SIDE, domains=("photo",), takes=frozenset({"hints"}))

    def __init__(self, config: ZhangConfig | None = None) -> None:
        super().__init__(config)
        self.net = Siggraph17Network(self.config.width)

    def chroma(self, small: Tensor, options: ZhangOptions) -> Tensor:
        """Return ab (N, 1, 2, h, w) for grey (N, 1, h, w)."""
        return self.guided_chroma(small, options, [Guidance()] * len(small))

    def guided_chroma(self, small: Tensor, options: ZhangOptions, guidance: Sequence[Guidance]) -> Tensor:
        """Return the same under hints, one value of guidance a picture."""
        maps = [one.hint_map((small.shape[-2], small.shape[-1])) for one in guidance]
        ab, mask = hint_planes(small, torch.stack(maps).to(small))
        return self.net(lightness(small), ab, mask)[:, None].float()


def hint_planes(gray: Tensor, hint_map: Tensor) -> tuple[Tensor, Tensor]:
    """Return ab (N, 2, h, w) of hints on gray (N, 1, h, w) and their mask, for maps (N, 4, h, w).

    A hint keeps the luma of its place, so its ab is that of the colour that the place can have.
    """
    mask = hint_map[:, 3:]
    return color.lab(color.keep_luma(gray, hint_map[:, :3]))[:, 1:] * mask, mask
