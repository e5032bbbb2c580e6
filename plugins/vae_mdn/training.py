"""The stages of vae-mdn: autoencoder, mixture, the refinement of both, then hints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorzoo.core.imaging import color
from colorzoo.core.interfaces.stage import Batch, Stage, StageConfig
from colorzoo.core.trunk.training import slowed

if TYPE_CHECKING:
    from colorzoo.plugins.vae_mdn.model import VaeMdn
    from colorzoo.plugins.vae_mdn.networks import Mixture, Seen

SHIFT = 3
"""Pictures are moved by up to so many pixels, to be seen anew every epoch."""
MARGIN = 8 / 7
"""How much larger pictures for the trunk are than what it sees of them, at most: a crop."""


def stages(model: VaeMdn) -> list[Stage]:
    """Return the configured stages in order."""
    from colorzoo.plugins.vae_mdn.hint_stage import Hinting

    config = model.config
    configured = (
        (Autoencoder, config.vae),
        (Density, config.mdn),
        (Refinement, config.refine),
        (Hinting, config.hints),
    )
    return [cls(model, settings) for cls, settings in configured if settings]


class _Stage(Stage):
    name = ""

    def __init__(self, model: VaeMdn, settings: StageConfig) -> None:
        self.model, self.config, self.settings = model, model.config, settings
        cropped = model.trunk is not None
        self.size = round(MARGIN * model.config.size) if cropped else model.config.size
        self.networks: Mapping[str, nn.Module] = {self.name: self.network()}

    def network(self) -> nn.Module:
        """Return what this stage trains."""
        raise AssertionError(f"{type(self).__name__} must say what it trains")

    def augment(self, batch: Batch) -> Batch:
        mirrored = super().augment(batch)
        if self.model.trunk:
            cropped = Batch.of(random_crop(mirrored.color, self.config.size))
            return Batch(cropped.color, aged(cropped.gray, self.config.aged))
        down, right = torch.randint(-SHIFT, SHIFT + 1, (2,)).tolist()
        return Batch.of(mirrored.color.roll((down, right), (-2, -1)))

    def see(self, batch: Batch) -> Seen:
        """Return what decoder and mixture are given of the pictures; here the trunk stays as it is."""
        with torch.no_grad():
            return self.model.see(batch.gray)

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

    def mixture_loss(self, seen: Seen, z: Tensor) -> Tensor:
        """Return the loss of the mixture network at z, averaged over the pictures."""
        mixture = self.model.mixture(seen)
        closest = self.config.mixture_loss == "closest"
        each = mixture.closest_component_loss(z) if closest else mixture.negative_log_likelihood(z)
        return each.mean()  # type: ignore[no-any-return]


class Autoencoder(_Stage):
    """Learn an embedding of colour fields (4.1.1)."""

    name = "vae"

    def network(self) -> nn.Module:
        return nn.ModuleList([self.model.encoder, self.model.decoder])

    def losses(self, network: str, batch: Batch) -> dict[str, Tensor]:
        z, divergence = self.encode(batch)
        fields = self.model.decode(self.see(batch), z[:, None])
        return {
            "reconstruction": self.error(fields, batch).mean(),
            "divergence": self.config.kl_weight * divergence.mean(),
        }


class Density(_Stage):
    """Learn the mixture of embeddings given the grey picture; the autoencoder stays (4.1.2)."""

    name = "mdn"

    def network(self) -> nn.Module:
        return self.model.mixture

    def losses(self, network: str, batch: Batch) -> dict[str, Tensor]:
        with torch.no_grad():
            sampled = self.config.mixture_target == "sample"
            z = self.encode(batch)[0] if sampled else self.model.encoder(self.model.field(batch.color))[0]
        return {"density": self.mixture_loss(self.see(batch), z)}


class Refinement(_Stage):
    """Make one of a few samples right: the best-of-many objective (Bhattacharyya et al. 2018).

    The mixture draws `guesses` embeddings, and the colouring closest to the truth is improved, through
    the decoder and the mixture. The losses of both earlier stages go on beside it.
    """

    name = "refine"

    def network(self) -> nn.Module:
        own = [self.model.encoder, self.model.decoder, self.model.mixture]
        trunk = [self.model.trunk] if self.model.trunk and self._trunk_learns else []
        return nn.ModuleList([*own, *trunk])

    @property
    def _trunk_learns(self) -> bool:
        return self.model.trunk is not None and self.config.trunk_share > 0

    def optimizer(self, network: str, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        optimizer = super().optimizer(network, parameters)
        if self.model.trunk and self._trunk_learns:
            return slowed(optimizer, self.model.trunk, self.config.trunk_share)
        return optimizer

    def see(self, batch: Batch) -> Seen:
        return self.model.see(batch.gray) if self._trunk_learns else super().see(batch)

    def losses(self, network: str, batch: Batch) -> dict[str, Tensor]:
        seen = self.see(batch)
        features = self.model.decoder.encode(seen)
        mixture = self.model.mixture(seen)
        target, divergence = self.encode(batch)
        guess = self._closest_guess(batch, features, mixture)
        wanted = [guess, target, *self._cautious(seen)]
        fields = self.model.decoder(features, torch.stack(wanted, 1))
        best, error, *cautious = self.error(fields, batch).unbind(1)
        density = mixture.negative_log_likelihood(target.detach())
        weight = self.config.refine_share
        losses = {
            "best": best.mean(),
            "reconstruction": weight * error.mean(),
            "divergence": weight * self.config.kl_weight * divergence.mean(),
            "density": weight * self.config.density_share * density.mean(),
        }
        if cautious:
            losses["mean"] = self.config.mean_share * cautious[0].mean()
        return losses

    def _cautious(self, seen: Seen) -> list[Tensor]:
        """Return the one cautious embedding (N, latent), where it is to be learned."""
        cautious = self.model.mixture.cautious_embedding(seen)
        return [] if cautious is None else [cautious[:, 0]]

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


def random_crop(pictures: Tensor, size: int) -> Tensor:
    """Return squares of random side and position of pictures (N, C, H, W), brought to `size`."""
    full = pictures.shape[-1]
    side = int(torch.randint(min(size, full), full + 1, ()))
    top, left = torch.randint(0, full - side + 1, (2,)).tolist()
    return color.resize_area(pictures[..., top : top + side, left : left + side], (size, size))


def aged(gray: Tensor, share: float) -> Tensor:
    """Return grey pictures (N, 1, H, W), a share of them as old photos are: faded, blurred, grainy."""
    drawn = torch.rand(4, len(gray), 1, 1, 1).to(gray)
    blurred = F.avg_pool2d(gray, 3, 1, 1, count_include_pad=False)
    soft = torch.lerp(gray, blurred, drawn[1])
    exponent = torch.exp(0.6 * (drawn[2] - 0.5))
    faded = 0.15 * drawn[3] + (1 - 0.3 * drawn[3]) * soft**exponent
    grainy = faded + 0.04 * drawn[1] * torch.randn_like(faded)
    return torch.where(drawn[0] < share, grainy.clamp(0, 1), gray)
