"""The only stage of cgan: generator and discriminator against each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorzoo.core.imaging import color
from colorzoo.core.interfaces.stage import Batch, Stage
from colorzoo.plugins.cgan import line_art as inking
from colorzoo.plugins.cgan.config import CGanConfig
from colorzoo.plugins.cgan.networks import Discriminator

if TYPE_CHECKING:
    from colorzoo.plugins.cgan.model import CGan

SMALLEST_CROP = 0.6
"""Of a training picture's side: crops of many scales are seen at the same number of pixels."""
GAMMA = 0.15
"""Deviation of the logarithm of the exponent by which the grey input is made lighter or darker."""


class Adversarial(Stage):
    """Train both networks on the same pictures (4.2)."""

    name = "gan"
    made: Tensor

    def __init__(self, model: CGan) -> None:
        self.model, self.config, self.settings = model, model.config, model.config.gan
        self.size = model.config.size
        self.discriminator = Discriminator(model.config)
        self.networks: Mapping[str, nn.Module] = {
            "generator": model.generator,
            "discriminator": self.discriminator,
        }

    def augment(self, batch: Batch) -> Batch:
        if self.config.vary:
            batch = super().augment(batch)
        if self.config.crop:
            batch = Batch.of(_cropped(batch.color, self.config.crop))
        return Batch(batch.color, self._redrawn(batch.gray))

    def losses(self, player: str, batch: Batch) -> dict[str, Tensor]:
        self.discriminator.requires_grad_(player == "discriminator")
        gray, real = self._pair(batch)
        if player == "discriminator":  # the generator has just stepped; its picture is that of before
            verdicts = self._judge(gray, real), self._judge(gray, self.made)
            return {"discriminator": discriminator_loss(*verdicts)}
        made = self.model.field(self.model.generator(batch.gray))
        self.made = made.detach()
        found = content_losses(self.config, self._visible(made), self._visible(real))
        if self.config.adversarial_weight:
            found["deceive"] = self.config.adversarial_weight * generator_adversarial_loss(
                self._judge(gray, made)
            )
        return found

    def _pair(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return grey and true field at the size of the generator's output."""
        field = color.chroma(batch.color) if self.config.space == "chroma" else batch.color
        scale = self.model.generator.scale
        return F.avg_pool2d(batch.gray, scale), F.avg_pool2d(field, scale)

    def _judge(self, gray: Tensor, field: Tensor) -> Tensor:
        chroma = self.config.space == "chroma"
        return self.discriminator(gray, field / 0.2 if chroma else field)  # type: ignore[no-any-return]

    def _visible(self, field: Tensor) -> Tensor:
        """Return what differs between two fields as it is seen, in RGB."""
        return color.chroma_to_rgb_offset(field) if self.config.space == "chroma" else field

    def _redrawn(self, gray: Tensor) -> Tensor:
        """Return the pictures lighter or darker, and some as line art or screentone."""
        drawn, normal = torch.rand(len(gray), 1, 1, 1), torch.randn(len(gray), 1, 1, 1)
        if self.config.vary:
            gray = gray ** torch.exp(GAMMA * normal).to(gray)
        if self.config.inked:
            share, drawn = self.config.inked, drawn.to(gray)
            toned = torch.where(drawn < 2 * share, inking.screentone(gray), gray)
            gray = torch.where(drawn < share, inking.line_art(gray), toned)
        return gray


def content_losses(config: CGanConfig, made: Tensor, real: Tensor) -> dict[str, Tensor]:
    """Return the weighted errors of colours against the true ones, both (N, 3, H, W)."""
    absolute, squared = (made - real).abs().mean(), (made - real).square().mean()
    found = {}
    if config.absolute_weight:
        found["absolute"] = config.absolute_weight * absolute
    if config.squared_weight:
        found["squared"] = config.squared_weight * squared
    if config.cosine_weight:
        alike = cosine(made, real, config.cosine_over)
        found["cosine"] = config.cosine_weight * (1 + config.cosine_sign * alike) * absolute
    return found


def cosine(made: Tensor, real: Tensor, over: str) -> Tensor:
    """Return the cosine of the flattened batches, or the mean of those of the pictures (4.2.1)."""
    start = 0 if over == "batch" else 1
    return F.cosine_similarity(made.flatten(start), real.flatten(start), dim=-1).mean()


def generator_adversarial_loss(logits: Tensor) -> Tensor:
    """Return -log p(real), averaged, of made pictures (4.2.1)."""
    return F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def discriminator_loss(real: Tensor, made: Tensor) -> Tensor:
    """Return the binary cross-entropy over real and made pairs, averaged (4.2.2)."""
    logits = torch.cat([real.flatten(), made.flatten()])
    labels = torch.cat([torch.ones_like(real.flatten()), torch.zeros_like(made.flatten())])
    return F.binary_cross_entropy_with_logits(logits, labels)


def _cropped(image: Tensor, side: int) -> Tensor:
    """Cut a square of random size and place and bring it to `side`; one for the whole batch."""
    whole = image.shape[-1]
    smallest = min(whole, max(side // 2, round(SMALLEST_CROP * whole)))
    size = int(torch.randint(smallest, whole + 1, ()))
    top, left = torch.randint(0, whole - size + 1, (2,)).tolist()
    return color.resize_area(image[..., top : top + size, left : left + size], (side, side))
