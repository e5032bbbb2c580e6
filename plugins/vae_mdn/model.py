"""The colorizer: grey picture to mixture, embeddings to colourings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorzoo.core.config import RunOptions
from colorzoo.core.devices import seeded_generator
from colorzoo.core.errors import ConfigError
from colorzoo.core.imaging import color
from colorzoo.core.inference.hint_taking import TakesHints
from colorzoo.core.interfaces.capabilities import Capabilities
from colorzoo.core.interfaces.chroma_colorizer import Size
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.core.interfaces.stage import Stage
from colorzoo.core.trunk.efficientnet import Lite0, load_pretrained
from colorzoo.plugins.vae_mdn.config import VaeMdnConfig, VaeMdnOptions
from colorzoo.plugins.vae_mdn.networks import (
    TRUNK_LEVELS,
    ConditionedDecoder,
    Encoder,
    MixtureNetwork,
    PlainDecoder,
    Seen,
    enlarged,
    field_side,
)

MEAN_SAMPLES = 32
"""Samples whose average is the mean colouring; more change it by less than a grey level."""


class VaeMdn(TakesHints, nn.Module):
    """VAE over colour fields and a mixture density network from grey to its embedding (4.1, [1])."""

    Config = VaeMdnConfig
    Options = VaeMdnOptions
    capabilities = Capabilities(max_input_side=256, domains=("photo", "face"))
    single_answer: ClassVar[Mapping[str, object]] = {"mode": "mean"}

    def __init__(self, config: VaeMdnConfig | None = None) -> None:
        super().__init__(config)
        self.config: VaeMdnConfig
        self.keeps_luma = self.config.space == "chroma"
        self.trunk = load_pretrained(Lite0()) if self.config.trunk == "lite0" else None
        self.encoder = Encoder(self.config)
        conditioned = self.config.conditioned
        self.decoder = (ConditionedDecoder if conditioned else PlainDecoder)(self.config)
        self.mixture = MixtureNetwork(self.config)
        self.add_hint_network(self.config.hint_width)

    def stages(self) -> Sequence[Stage]:
        """Return the configured ones of VAE, mixture, refinement and hints."""
        from colorzoo.plugins.vae_mdn.training import stages

        return stages(self)

    def working_size(self, size: Size, options: RunOptions) -> Size:
        return self.config.size, self.config.size

    def full_chroma(self, gray: Tensor, options: RunOptions, guidance: Sequence[Guidance] = ()) -> Tensor:
        if not any(told.hints for told in guidance):
            return super().full_chroma(gray, options)
        told = zip(gray, guidance, strict=True)
        return torch.cat([self._hinted_chroma(picture[None], options, one) for picture, one in told])

    def chroma(self, small: Tensor, options: RunOptions) -> Tensor:
        assert isinstance(options, VaeMdnOptions)
        if options.mode == "mean":
            return self._mean_field(small, options)
        seen = self.see(small)
        return self.decode(seen, self.embeddings(seen, options))

    def see(self, small: Tensor) -> Seen:
        """Return what decoder and mixture are given of grey (N, 1, size, size)."""
        return self.trunk(small)[TRUNK_LEVELS] if self.trunk else small

    def embeddings(self, seen: Seen, options: VaeMdnOptions) -> Tensor:
        """Return z (N, K, latent) for what was seen of N pictures; all share one seeded noise.

        Sample k depends on the seed and k alone, so more samples, or other pictures beside this one,
        change nothing about it.

        Raises:
            ConfigError: more means are wanted than there are components.
        """
        if options.mode == "means":
            if options.samples > self.config.components:
                raise ConfigError(
                    f"mode=means gives at most {self.config.components} colourings, the number of "
                    f"components; got samples={options.samples}"
                )
            return self.mixture(seen).ordered_means(options.samples)  # type: ignore[no-any-return]
        count = MEAN_SAMPLES if options.mode == "mean" else options.samples
        uniform, normal = self._noise(count, options.seed)
        uniform, normal = uniform.to(seen[0].device), normal.to(seen[0].device)
        if options.prior:
            return (options.temperature * normal).expand(len(seen[-1]), -1, -1)
        return self.mixture(seen).sample(uniform, normal, options.temperature)  # type: ignore[no-any-return]

    def decode(self, seen: Seen, z: Tensor) -> Tensor:
        """Return colour fields (N, K, C, side, side) for what was seen of N pictures, z (N, K, latent)."""
        return self.decoder(self.decoder.encode(seen), z)  # type: ignore[no-any-return]

    def field(self, rgb: Tensor) -> Tensor:
        """Return the colour field (N, C, side, side) of pictures (N, 3, H, W) at working size."""
        colors = color.chroma(rgb) if self.config.space == "chroma" else rgb
        shrink = rgb.shape[-1] // field_side(self.config)
        return F.avg_pool2d(colors, shrink) if shrink > 1 else colors

    def _hinted_chroma(self, gray: Tensor, options: RunOptions, guidance: Guidance) -> Tensor:
        """Return chroma (K, 2, H, W) of a picture (1, 1, H, W) under hints in its pixels."""
        chroma = super().full_chroma(gray, options)
        if not self.trunk:
            return chroma
        size, larger = (gray.shape[-2], gray.shape[-1]), enlarged(gray)
        in_larger = guidance.in_pixels(size, (larger.shape[-2], larger.shape[-1]))
        return self.hinted(self.trunk, larger, gray, chroma, in_larger)

    def _mean_field(self, small: Tensor, options: VaeMdnOptions) -> Tensor:
        """Return the mean colouring (N, 1, C, side, side), averaged with the mirror image's."""
        sides = [self.mean_of(self.see(side), options) for side in (small, small.flip(-1))]
        return (sides[0] + sides[1].flip(-1)) / 2

    def mean_of(self, seen: Seen, options: VaeMdnOptions) -> Tensor:
        """Return the colouring of the cautious embedding, or without one the mean of many samples."""
        cautious = self.mixture.cautious_embedding(seen)
        z = self.embeddings(seen, options) if cautious is None else cautious
        return self.config.mean_gain * self.decode(seen, z).mean(1, keepdim=True)

    def _noise(self, count: int, seed: int | None) -> tuple[Tensor, Tensor]:
        generator = seeded_generator(seed)
        wide = self.mixture.weight_dimensions
        drawn = [
            (
                torch.rand(wide, generator=generator),
                torch.randn(self.config.latent, generator=generator),
            )
            for _ in range(count)
        ]
        return torch.stack([u for u, _ in drawn])[None], torch.stack([n for _, n in drawn])[None]
