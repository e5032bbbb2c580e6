"""The stages of cgan: generator and discriminator against each other, then hints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorzoo.core.imaging import color
from colorzoo.core.imaging.line_art import line_art, screentone
from colorzoo.core.interfaces.stage import Batch, Stage, StageConfig
from colorzoo.core.trunk.training import slowed
from colorzoo.plugins.cgan import color_grid
from colorzoo.plugins.cgan.config import CGanConfig
from colorzoo.plugins.cgan.inking import Drawn
from colorzoo.plugins.cgan.networks import Discriminator, OnTrunk

if TYPE_CHECKING:
    from colorzoo.plugins.cgan.model import CGan

SMALLEST_CROP = 0.6
"""Of a training picture's side: crops of many scales are seen at the same number of pixels."""
FLAT = 0.05
"""Difference of neighbouring pixels' grey from which on colours may differ freely, a third counts."""
GAMMA = 0.15
"""Deviation of the logarithm of the exponent by which the grey input is made lighter or darker."""


def stages(model: CGan) -> list[Stage]:
    """Return the configured stages in order."""
    from colorzoo.plugins.cgan.hint_training import Hinting

    config = model.config
    configured = ((Adversarial, config.gan), (Hinting, config.hints))
    return [cls(model, settings) for cls, settings in configured if settings]


class OnPages(Stage):
    """A stage on crops of pages, of other lightness, and drawn in ink at times."""

    def __init__(self, model: CGan, settings: StageConfig) -> None:
        self.model, self.config, self.settings = model, model.config, settings
        self.size = model.config.size

    def augment(self, batch: Batch) -> Batch:
        if self.config.vary:
            batch = super().augment(batch)
        if self.config.crop:
            batch = Batch.of(cropped(batch.color, self.config.crop))
        if self.config.space == "flats":
            return Drawn.at_random(batch.color)
        return Batch(batch.color, self._redrawn(batch.gray))

    def _redrawn(self, gray: Tensor) -> Tensor:
        """Return the pictures lighter or darker, and some as line art or screentone."""
        drawn, normal = torch.rand(len(gray), 1, 1, 1), torch.randn(len(gray), 1, 1, 1)
        if self.config.vary:
            gray = gray ** torch.exp(GAMMA * normal).to(gray)
        if self.config.inked:
            fraction, drawn = self.config.inked, drawn.to(gray)
            toned = torch.where(drawn < 2 * fraction, screentone(gray), gray)
            gray = torch.where(drawn < fraction, line_art(gray), toned)
        return gray


class Adversarial(OnPages):
    """Train both networks on the same pictures (4.2)."""

    name = "gan"
    generated: Tensor
    """What the generator made of the batch in its last step, without its gradient."""

    def __init__(self, model: CGan, settings: StageConfig) -> None:
        super().__init__(model, settings)
        self.discriminator = Discriminator(model.config)
        self.networks: Mapping[str, nn.Module] = {
            "generator": model.generator,
            "discriminator": self.discriminator,
        }

    def on_stage_start(self) -> None:
        if isinstance(self.model.generator, OnTrunk):
            self.model.generator.trunk.requires_grad_(self.config.trunk_share > 0)

    def optimizer(self, network: str, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        optimizer = super().optimizer(network, parameters)
        trained = self.networks[network]
        if isinstance(trained, OnTrunk) and self.config.trunk_share:
            return slowed(optimizer, trained.trunk, self.config.trunk_share)
        return optimizer

    def losses(self, network: str, batch: Batch) -> dict[str, Tensor]:
        self.discriminator.requires_grad_(network == "discriminator")
        if self.config.space == "flats" and not isinstance(batch, Drawn):
            batch = Drawn.at_random(batch.color)
        gray, real = self._pair(batch)
        if network == "discriminator":  # the generator has just stepped; its picture is that of before
            logits = self._judge(gray, real), self._judge(gray, self.generated)
            return {"discriminator": discriminator_loss(*logits)}
        raw = self.model.generator(batch.gray)
        generated = self._inked(self.model.field(raw), batch)
        self.generated = generated.detach()
        losses = content_losses(self.config, self._visible(generated), self._visible(real))
        if self.config.color_levels:
            losses["choice"] = self.config.choice_weight * self._choice(raw, batch)
        if self.config.smooth_weight:
            losses["smooth"] = self.config.smooth_weight * flat_variation(self._visible(generated), gray)
        if self.config.adversarial_weight:
            losses["deceive"] = self.config.adversarial_weight * generator_adversarial_loss(
                self._judge(gray, generated)
            )
        return losses

    def _pair(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return grey and true field at the size of the generator's output."""
        field = color.chroma(batch.color) if self.config.space == "chroma" else batch.color
        scale = self.model.generator.scale
        return F.avg_pool2d(batch.gray, scale), self._inked(F.avg_pool2d(field, scale), batch)

    def _inked(self, field: Tensor, batch: Batch) -> Tensor:
        """Return a field under the lines of what was drawn, if it was."""
        return field * self._paper(batch) if isinstance(batch, Drawn) else field

    def _paper(self, batch: Drawn) -> Tensor:
        """Return how much of every place no line covers, at the size of the generator's output."""
        return F.avg_pool2d(batch.lines, self.model.generator.scale)

    def _choice(self, raw: Tensor, batch: Batch) -> Tensor:
        assert isinstance(batch, Drawn)
        real = F.avg_pool2d(batch.color, self.model.generator.scale)
        return color_grid.cross_entropy(raw, real, self.config.color_levels, self._paper(batch))

    def _judge(self, gray: Tensor, field: Tensor) -> Tensor:
        chroma = self.config.space == "chroma"
        return self.discriminator(gray, field / 0.2 if chroma else field)  # type: ignore[no-any-return]

    def _visible(self, field: Tensor) -> Tensor:
        """Return what differs between two fields as it is seen, in RGB."""
        return color.chroma_to_rgb_offset(field) if self.config.space == "chroma" else field


def content_losses(config: CGanConfig, generated: Tensor, real: Tensor) -> dict[str, Tensor]:
    """Return the weighted errors of colours against the true ones, both (N, 3, H, W)."""
    absolute, squared = (generated - real).abs().mean(), (generated - real).square().mean()
    losses = {}
    if config.absolute_weight:
        losses["absolute"] = config.absolute_weight * absolute
    if config.squared_weight:
        losses["squared"] = config.squared_weight * squared
    if config.cosine_weight:
        alike = cosine(generated, real, config.cosine_over)
        losses["cosine"] = config.cosine_weight * (1 + config.cosine_sign * alike) * absolute
    return losses


def flat_variation(colors: Tensor, gray: Tensor) -> Tensor:
    """Return the total variation of colours (N, 3, H, W), less where the grey (N, 1, H, W) has edges."""
    steps = []
    for axis in (-2, -1):
        edge = gray.diff(dim=axis).abs()
        steps.append((colors.diff(dim=axis).abs() * torch.exp(-edge / FLAT)).mean())
    return steps[0] + steps[1]


def cosine(generated: Tensor, real: Tensor, over: str) -> Tensor:
    """Return the cosine of the flattened batches, or the mean of those of the pictures (4.2.1)."""
    start = 0 if over == "batch" else 1
    return F.cosine_similarity(generated.flatten(start), real.flatten(start), dim=-1).mean()


def generator_adversarial_loss(logits: Tensor) -> Tensor:
    """Return -log p(real), averaged, of generated pictures (4.2.1)."""
    return F.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def discriminator_loss(real: Tensor, generated: Tensor) -> Tensor:
    """Return the binary cross-entropy over real and generated pairs, averaged (4.2.2)."""
    logits = torch.cat([real.flatten(), generated.flatten()])
    labels = torch.cat([torch.ones_like(real.flatten()), torch.zeros_like(generated.flatten())])
    return F.binary_cross_entropy_with_logits(logits, labels)


def cropped(image: Tensor, side: int) -> Tensor:
    """Return a square of random size and position, brought to `side`; the same one for all of the batch."""
    full = image.shape[-1]
    smallest = min(full, max(side // 2, round(SMALLEST_CROP * full)))
    size = int(torch.randint(smallest, full + 1, ()))
    top, left = torch.randint(0, full - size + 1, (2,)).tolist()
    return color.resize_area(image[..., top : top + size, left : left + size], (side, side))
