"""The networks of vae-mdn: encoder, decoders, mixture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorzoo.core.blocks import Pyramid, UNet, block
from colorzoo.core.trunk.efficientnet import Lite0
from colorzoo.plugins.vae_mdn.config import VaeMdnConfig

CHROMA_SCALE = 0.2
"""The chroma that a decoder output of 1 stands for; chroma has a deviation of about 0.05."""
LOG_VARIANCES = (-8.0, 4.0)
TRUNK_LEVELS = slice(1, None)
"""Of the trunk's features, those at 1/4 of the picture's side and coarser: colour is smooth."""
LOCAL_CELLS, LOCAL_WIDTH = 3, 64
"""Cells a side, and numbers in each, of what the mixture sees of the places in a picture."""


Seen = Tensor | list[Tensor]
"""What decoder and mixture are given: grey (N, 1, size, size), or the trunk's features of it."""


def field_side(config: VaeMdnConfig) -> int:
    """Return the side of the colour fields: the working size, or a quarter of what the trunk sees."""
    return config.size // 4 if config.trunk == "lite0" else config.size


def enlarged(gray: Tensor) -> Tensor:
    """Return grey (N, 1, H, W) at twice its size, at which the trunk looks at it for hints."""
    return F.interpolate(gray, scale_factor=2.0, mode="bilinear", align_corners=False)


class Encoder(nn.Module):
    """From a colour field (N, C, side, side) to mean and log variance of its embedding (N, latent)."""

    def __init__(self, config: VaeMdnConfig) -> None:
        super().__init__()
        self.features = Pyramid(2 if config.space == "chroma" else 3, config.width)
        flat = self.features.widths[-1] * (field_side(config) // 16) ** 2
        self.head = nn.Linear(flat, 2 * config.latent)
        self.relu_latent = config.relu_latent

    def forward(self, field: Tensor) -> tuple[Tensor, Tensor]:
        out = self.head(self.features(field)[-1].flatten(1)).float()
        mean, log_variance = (out.relu() if self.relu_latent else out).chunk(2, 1)
        return mean, log_variance.clamp(*LOG_VARIANCES)


class ConditionedDecoder(nn.Module):
    """A U-Net from the grey picture to the colour field, steered by the embedding at every level."""

    def __init__(self, config: VaeMdnConfig) -> None:
        super().__init__()
        outputs = 2 if config.space == "chroma" else 3
        self.half_size = config.trunk != "lite0"
        inputs = 1 if self.half_size else Lite0.widths[TRUNK_LEVELS]
        self.net = UNet(inputs, outputs, config.width, style=config.latent)

    def encode(self, seen: Seen) -> list[Tensor]:
        """Return the features of grey (N, 1, size, size), or of what the trunk has made of it."""
        return self.net.encode(seen)  # type: ignore[arg-type]  # what its first layers are made for

    def forward(self, features: list[Tensor], z: Tensor) -> Tensor:
        """Return fields (N, K, C, size, size) for features of N pictures and z (N, K, latent)."""
        repeated = [level.repeat_interleave(z.shape[1], 0) for level in features]
        network = self.net.decode if self.half_size else self.net.field
        fields = CHROMA_SCALE * network(repeated, z.flatten(0, 1))
        return fields.reshape(*z.shape[:2], *fields.shape[1:])


class PlainDecoder(nn.Module):
    """The embedding alone to the colour field, as in the paper (4.1.1), ReLU after every layer."""

    def __init__(self, config: VaeMdnConfig) -> None:
        super().__init__()
        widths = [config.width * factor for factor in (8, 4, 2, 1)]
        self.side = config.size // 16
        self.input = nn.Linear(config.latent, widths[0] * self.side**2)
        self.convolutions = nn.ModuleList(
            nn.Conv2d(a, b, 3, 1, 1) for a, b in zip(widths, [*widths[1:], widths[-1]], strict=True)
        )
        self.head = nn.Conv2d(widths[-1], 2 if config.space == "chroma" else 3, 3, 1, 1)
        self.relu_output = config.relu_output
        if config.relu_output:
            nn.init.constant_(self.head.bias, 0.4)  # type: ignore[arg-type]  # a dead unit stays black

    def encode(self, seen: Seen) -> list[Tensor]:
        """Return nothing: this decoder does not look at the grey picture."""
        return []

    def forward(self, features: list[Tensor], z: Tensor) -> Tensor:
        """Return fields (N, K, C, size, size) for z (N, K, latent)."""
        x = F.relu(self.input(z.flatten(0, 1)))
        x = x.reshape(len(x), -1, self.side, self.side)
        for convolution in self.convolutions:
            x = F.relu(convolution(F.interpolate(x, scale_factor=2.0, mode="nearest")))
        x = self.head(x).float()
        fields = F.relu(x) if self.relu_output else x
        return fields.reshape(*z.shape[:2], *fields.shape[1:])


@dataclass(frozen=True)
class Mixture:
    """Gaussian mixtures over the embedding, M components with diagonal variances.

    log_weights: (N, M, 1) for one mixture over all dimensions, (N, M, latent) for one in each.
    means, log_variances: (N, M, latent).
    """

    log_weights: Tensor
    means: Tensor
    log_variances: Tensor

    def log_densities(self, z: Tensor) -> Tensor:
        """Return each component's log density at z (N, latent), shaped like log_weights."""
        squared = (z[:, None] - self.means) ** 2 * torch.exp(-self.log_variances)
        each = -0.5 * (squared + self.log_variances + math.log(2 * math.pi))
        return each.sum(-1, keepdim=True) if self.log_weights.shape[-1] == 1 else each

    def negative_log_likelihood(self, z: Tensor) -> Tensor:
        """Return -log p(z) (N,)."""
        return -torch.logsumexp(self.log_weights + self.log_densities(z), 1).sum(-1)

    def closest_component_loss(self, z: Tensor) -> Tensor:
        """Return -log(w p(z)) (N,) of the component whose mean is closest to z ([1], section 4)."""
        distance = (z[:, None] - self.means) ** 2
        if self.log_weights.shape[-1] == 1:
            distance = distance.sum(-1, keepdim=True)
        closest = distance.argmin(1, keepdim=True)
        return -(self.log_weights + self.log_densities(z)).gather(1, closest).sum((1, 2))

    def sample(self, uniform: Tensor, normal: Tensor, temperature: float = 1.0) -> Tensor:
        """Return z (N, K, latent) for uniform (1 or N, K, 1 or latent) and normal (1 or N, K, latent)."""
        edges = self.log_weights.exp().cumsum(1)[:, :-1, None]  # (N, M - 1, 1, 1 or latent)
        chosen = (uniform[:, None] > edges).sum(1)
        index = chosen.expand(-1, -1, self.means.shape[-1])
        deviation = torch.exp(0.5 * self.log_variances.gather(1, index))
        return self.means.gather(1, index) + temperature * deviation * normal

    def ordered_means(self, count: int) -> Tensor:
        """Return the means (N, count, latent) of the components, the likeliest first."""
        order = self.log_weights.argsort(1, descending=True)[:, :count]
        return self.means.gather(1, order.expand(-1, -1, self.means.shape[-1]))


class Summary(nn.Module):
    """What the trunk says of a picture as a whole, and of its places, as one vector."""

    def __init__(self) -> None:
        super().__init__()
        inputs = Lite0.widths[-1]
        self.local = block(inputs, LOCAL_WIDTH, kernel=1)
        self.size = inputs + LOCAL_WIDTH * LOCAL_CELLS**2

    def forward(self, features: list[Tensor]) -> Tensor:
        """Return (N, size) of features, finest first."""
        coarsest = features[-1]
        local = F.adaptive_avg_pool2d(self.local(coarsest), LOCAL_CELLS)
        return torch.cat([coarsest.mean((-2, -1)), local.flatten(1)], 1)


class MixtureNetwork(nn.Module):
    """From the grey picture (N, 1, size, size) to the mixture of its embeddings (4.1.2).

    Where it is trained for it, it also names one cautious embedding, whose colouring is nearest to all.
    """

    def __init__(self, config: VaeMdnConfig) -> None:
        super().__init__()
        self.components, self.latent = config.components, config.latent
        self.weight_dimensions = config.latent if config.mixture == "per-dimension" else 1
        self.trunk = _features(config)
        flat = _flat_size(self.trunk, config)
        self.weights = _head(flat, config, config.components * self.weight_dimensions)
        self.shapes = _head(flat, config, 2 * config.components * config.latent)
        self.centres = nn.Parameter(nn.init.normal_(torch.empty(config.components, config.latent), std=0.5))
        self.cautious = _head(flat, config, config.latent) if config.mean_share else None
        self.floor = 2 * math.log(config.min_deviation)

    def forward(self, seen: Seen) -> Mixture:
        x = self.summary(seen)
        weights = self.weights(x).float().view(-1, self.components, self.weight_dimensions)
        shapes = self.shapes(x).float().view(-1, self.components, 2 * self.latent)
        means, log_variances = shapes.chunk(2, -1)
        return Mixture(weights.log_softmax(1), means + self.centres, log_variances.clamp(self.floor, 4))

    def cautious_embedding(self, seen: Seen) -> Tensor | None:
        """Return the embedding (N, 1, latent) of the mean colouring; None where none is learned."""
        return self.cautious(self.summary(seen)).float()[:, None] if self.cautious else None

    def summary(self, seen: Seen) -> Tensor:
        """Return what the heads are given, (N, numbers)."""
        features = self.trunk(seen) if self.trunk else seen
        return (features[-1] if isinstance(self.trunk, Pyramid) else features).flatten(1)  # type: ignore[union-attr]


def _features(config: VaeMdnConfig) -> Pyramid | Summary | None:
    if config.trunk == "flat":
        return None
    return Summary() if config.trunk == "lite0" else Pyramid(1, config.width)


def _flat_size(features: Pyramid | Summary | None, config: VaeMdnConfig) -> int:
    if isinstance(features, Summary):
        return features.size
    return features.widths[-1] * (config.size // 16) ** 2 if features else config.size**2


def _head(inputs: int, config: VaeMdnConfig, outputs: int) -> nn.Sequential:
    """Return two linear layers with a ReLU between (4.1.2)."""
    return nn.Sequential(
        nn.Dropout(config.dropout),
        nn.Linear(inputs, config.hidden),
        nn.ReLU(),
        nn.Dropout(config.dropout),
        nn.Linear(config.hidden, outputs),
    )
