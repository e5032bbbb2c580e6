"""The stages of vae-mdn: autoencoder, mixture, and the refinement of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from colorzoo.core.imaging import color
from colorzoo.core.interfaces.stage import Batch, Stage, StageConfig

if TYPE_CHECKING:
    from colorzoo.plugins.vae_mdn.model import VaeMdn
    from colorzoo.plugins.vae_mdn.networks import Mixture

SHIFT = 3
"""Pictures are moved by up to so many pixels, to be seen anew every epoch."""


def stages(model: VaeMdn) -> list[Stage]:
    """Return the configured stages in order."""
    config = model.config
    configured = ((Autoencoder, config.vae), (Density, config.mdn), (Refinement, config.refine))
    return [cls(model, settings) for cls, settings in configured if settings]


class _Stage(Stage):
    name = ""

    def __init__(self, model: VaeMdn, settings: StageConfig) -> None:
        self.model, self.config, self.settings = model, model.config, settings
        self.size = model.config.size
        self.networks: Mapping[str, nn.Module] = {self.name: self.network()}

    def network(self) -> nn.Module:
        """Return what this stage trains."""
        raise AssertionError(f"{type(self).__name__} must say what it trains")

    def augment(self, batch: Batch) -> Batch:
        mirrored = super().augment(batch)
        down, right = torch.randint(-SHIFT, SHIFT + 1, (2,)).tolist()
        return Batch.of(mirrored.color.roll((down, right), (-2, -1)))

    def error(self, fields: Tensor, batch: Batch) -> Tensor:
        """Return the reconstruction error (N, K) of fields (N, K, C, H, W)."""
        difference = fields - self.model.field(batch.color)[:, None]
        if self.config.space == "chroma":
            difference = color.chroma_to_rgb_offset(difference)  # the error as seen in RGB
        squared = difference.square()
        if self.config.loss == "mse":
            return squared.mean((-3, -2, -1))
        return squared.sum((-3, -2, -1)) / (2 * self.config.noise**2)

    def encode(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return embeddings (N, latent) drawn from the encoder, and their divergence from N(0, 1) (N,)."""
        mean, log_variance = self.model.encoder(self.model.field(batch.color))
        z = mean + torch.randn_like(mean) * torch.exp(0.5 * log_variance)
        return z, 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(1)

    def mixture_loss(self, gray: Tensor, z: Tensor) -> Tensor:
        """Return the loss of the mixture network at z, averaged over the pictures."""
        mixture = self.model.mixture(gray)
        closest = self.config.mixture_loss == "closest"
        each = mixture.closest_component_loss(z) if closest else mixture.negative_log_likelihood(z)
        return each.mean()  # type: ignore[no-any-return]


class Autoencoder(_Stage):
    """Learn an embedding of colour fields (4.1.1)."""

    name = "vae"

    def network(self) -> nn.Module:
        return nn.ModuleList([self.model.encoder, self.model.decoder])

    def losses(self, player: str, batch: Batch) -> dict[str, Tensor]:
        z, divergence = self.encode(batch)
        fields = self.model.decode(batch.gray, z[:, None])
        return {
            "reconstruction": self.error(fields, batch).mean(),
            "divergence": self.config.kl_weight * divergence.mean(),
        }


class Density(_Stage):
    """Learn the mixture of embeddings given the grey picture; the autoencoder stays (4.1.2)."""

    name = "mdn"

    def network(self) -> nn.Module:
        return self.model.mixture

    def losses(self, player: str, batch: Batch) -> dict[str, Tensor]:
        with torch.no_grad():
            sampled = self.config.mixture_target == "sample"
            z = self.encode(batch)[0] if sampled else self.model.encoder(self.model.field(batch.color))[0]
        return {"density": self.mixture_loss(batch.gray, z)}


class Refinement(_Stage):
    """Make one of a few samples right: the best-of-many objective (Bhattacharyya et al. 2018).

    The mixture draws `guesses` embeddings, and the colouring closest to the truth is improved, through
    the decoder and the mixture. The losses of both earlier stages go on beside it.
    """

    name = "refine"

    def network(self) -> nn.Module:
        return nn.ModuleList([self.model.encoder, self.model.decoder, self.model.mixture])

    def losses(self, player: str, batch: Batch) -> dict[str, Tensor]:
        features = self.model.decoder.encode(batch.gray)
        mixture = self.model.mixture(batch.gray)
        target, divergence = self.encode(batch)
        guess = self._closest_guess(batch, features, mixture)
        both = torch.stack([guess, target], 1)
        best, error = self.error(self.model.decoder(features, both), batch).unbind(1)
        density = mixture.negative_log_likelihood(target.detach())
        weight = self.config.refine_share
        return {
            "best": best.mean(),
            "reconstruction": weight * error.mean(),
            "divergence": weight * self.config.kl_weight * divergence.mean(),
            "density": weight * self.config.density_share * density.mean(),
        }

    def _closest_guess(self, batch: Batch, features: list[Tensor], mixture: Mixture) -> Tensor:
        """Return the embedding (N, latent), of some drawn, whose colouring is closest to the truth.

        Only that one is decoded again for its gradient, which halves the time of a step.
        """
        wide = self.model.mixture.weight_dimensions
        uniform = torch.rand(len(batch), self.config.guesses, wide, device=batch.gray.device)
        normal = torch.randn(len(batch), self.config.guesses, self.config.latent, device=batch.gray.device)
        z = mixture.sample(uniform, normal)
        with torch.no_grad():  # one after the other, which keeps the activations in the cache
            errors = [self.error(self.model.decoder(features, one[:, None]), batch) for one in z.unbind(1)]
            chosen = torch.cat(errors, 1).argmin(1)
        return z[torch.arange(len(batch), device=z.device), chosen]
