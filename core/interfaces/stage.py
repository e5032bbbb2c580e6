"""The Stage: what a trainable colorizer defines of its training, networks and losses."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import torch
from pydantic import Field
from torch import Tensor, nn

from colorzoo.core.config import Settings
from colorzoo.core.imaging import color
from colorzoo.core.interfaces.guidance import Guidance


class StageConfig(Settings):
    """Settings of one training stage."""

    epochs: float = Field(10, gt=0, le=100_000, description="passes over the training pictures")
    steps: int | None = Field(None, gt=0, le=10**9, description="steps instead of epochs")
    batch_size: int = Field(64, gt=0, le=65_536, description="pictures per step, over all processes")
    learning_rate: float = Field(1e-3, gt=0, le=1000, description="highest learning rate")
    schedule: Literal["constant", "cosine"] = Field("cosine", description="course of the rate")
    warmup: int = Field(100, ge=0, le=10**9, description="steps of linear warm-up")
    weight_decay: float = Field(0.0, ge=0, le=1000, description="decoupled weight decay (AdamW)")
    beta1: float = Field(0.9, ge=0, lt=1, description="Adam's decay of the mean gradient")
    beta2: float = Field(0.999, ge=0, lt=1, description="Adam's decay of the squared gradient")
    clip: float | None = Field(None, gt=0, le=1e9, description="largest gradient norm")
    ema: float = Field(0.0, ge=0, lt=1, description="decay of the weights' moving average; 0: none")


@dataclass(frozen=True)
class Batch:
    """Training pictures on the device: color (N, 3, H, W) and its luma gray (N, 1, H, W), in [0, 1].

    ids, guidance: of the N pictures, what their dataset says of them, hints in pixels of color; the engine
    gives both, and both are empty in a batch of colours alone.
    """

    color: Tensor
    gray: Tensor
    ids: Sequence[str] = field(default=(), kw_only=True)
    guidance: Sequence[Guidance] = field(default=(), kw_only=True)

    @classmethod
    def of(cls, color_image: Tensor, ids: Sequence[str] = (), guidance: Sequence[Guidance] = ()) -> Batch:
        """Return a batch of sRGB float32 (N, 3, H, W) in [0, 1]."""
        layout = torch.channels_last
        return cls(
            color_image.contiguous(memory_format=layout),
            color.luma(color_image).contiguous(memory_format=layout),
            ids=ids,
            guidance=guidance,
        )

    def mirrored(self, which: Tensor) -> Batch:
        """Return it with those pictures mirrored that a mask (N,) names, and what is said of them."""
        flipped = torch.where(which[:, None, None, None], self.color.flip(-1), self.color)
        guidance = self.guidance
        if any(told.hints or told.previous for told in guidance):
            pairs = zip(guidance, which.tolist(), strict=True)
            guidance = [told.mirrored(flipped.shape[-1]) if yes else told for told, yes in pairs]
        return Batch.of(flipped, self.ids, guidance)

    def __len__(self) -> int:
        return len(self.color)


class Stage(ABC):
    """One stage of training: the networks it updates, and their losses.

    `networks` names the networks in the order in which they step; one for a plain model, generator and
    discriminator for a GAN. The engine owns data, device, precision, clipping, moving average, logging,
    previews and checkpoints. Before every step the random generators are seeded from the run's seed
    and the step's number, so a stage may draw random numbers and still resumes to the same weights.
    """

    name: str
    size: int
    """Side of the training pictures in pixels."""
    settings: StageConfig
    networks: Mapping[str, nn.Module]

    @abstractmethod
    def losses(self, network: str, batch: Batch) -> dict[str, Tensor]:
        """Return named scalars for the network of that name.

        The sum of those with a gradient is minimised; the others are logged only.
        """

    def augment(self, batch: Batch) -> Batch:
        """Return the pictures as the step uses them: by default half of them, at random, are mirrored."""
        return batch.mirrored(torch.rand(len(batch), device=batch.color.device) < 0.5)

    def on_stage_start(self) -> None:  # noqa: B027  an optional hook, empty on purpose
        """Prepare for the first step, for instance freeze what an earlier stage has trained."""

    def optimizer(self, network: str, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """Return the optimizer of the network of that name: AdamW by default.

        A parameter group whose `rate_share` is .1 learns at a tenth of the rate.
        """
        s = self.settings
        return torch.optim.AdamW(
            parameters,
            s.learning_rate,
            betas=(s.beta1, s.beta2),
            weight_decay=s.weight_decay,
            fused=True,
        )


@runtime_checkable
class Trainable(Protocol):
    """A colorizer that can be trained."""

    def stages(self) -> Sequence[Stage]:
        """Return the stages in order; each starts from the weights the one before has left."""
        ...
