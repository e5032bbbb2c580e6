"""Configuration of cgan. Sections are those of the term project; [3] is Isola et al. 2017 (pix2pix)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from colorzoo.core.config import ColorizerConfig, RunOptions
from colorzoo.core.interfaces.stage import StageConfig


class CGanConfig(ColorizerConfig):
    """What is built and trained; the defaults are those of the preset `plain`, save the stage."""

    size: int = Field(
        384, ge=64, le=4096, multiple_of=32, description="side of the training pictures (3: 512)"
    )
    crop: int | None = Field(
        256, ge=64, le=4096, multiple_of=32, description="side of the random crops of them; none: no crops"
    )
    generator: Literal["unet", "lite0", "columns", "pix2pix"] = Field(
        "unet",
        description="resize-convolutions; the same on EfficientNet-Lite0 trained on ImageNet; what its "
        "features say place by place; or the transposed ones of [3]; the paper's figure 6 is lost",
    )
    trunk_share: float = Field(
        0.0, ge=0, le=1, description="learning rate of generator=lite0's trunk, as a share; 0: it stays"
    )
    space: Literal["chroma", "rgb", "flats"] = Field(
        "chroma",
        description="output: chroma with the page's own luma, RGB (4.2.1), or RGB under the page's ink",
    )
    color_levels: int = Field(
        0, ge=0, le=9, description="flats are chosen among so many levels a channel; 0: not a choice"
    )
    temperature: float = Field(
        0.8, gt=0, le=10, description="of the choice: below 1 it is sharpened (Zhang et al. 2016)"
    )
    choice_weight: float = Field(1.0, ge=0, le=1e6, description="weight of the choice's cross-entropy")
    width: int = Field(32, gt=0, le=1024, description="channels of the generator's first layer")
    discriminator: Literal["patch", "scalar"] = Field(
        "patch", description="a verdict for every patch ([3]), or one probability (4.2.2)"
    )
    discriminator_width: int = Field(32, gt=0, le=1024, description="channels of its first layer")
    spectral_norm: bool = Field(True, description="bound the discriminator's slope (Miyato et al. 2018)")

    adversarial_weight: float = Field(
        1.0, ge=0, le=1e6, description="weight of deceiving the discriminator"
    )
    absolute_weight: float = Field(
        100.0, ge=0, le=1e6, description="weight of the mean absolute error ([3])"
    )
    squared_weight: float = Field(0.0, ge=0, le=1e6, description="weight of the mean squared error")
    cosine_weight: float = Field(
        0.0,
        ge=0,
        le=1e6,
        description="weight of (1 + cosine_sign cos) times the mean absolute error (4.2.1)",
    )
    cosine_sign: float = Field(
        1, ge=-1, le=1, description="1 as printed; -1 its likely intention: less alike, more weight"
    )
    cosine_over: Literal["batch", "image"] = Field(
        "batch", description="the cosine is that of whole batches (4.2.1), or of each picture"
    )
    smooth_weight: float = Field(
        0.0, ge=0, le=1e6, description="weight of the total variation of chroma where the luma is flat"
    )
    vary: bool = Field(True, description="mirror the pictures and change the lightness of their grey")
    side: int = Field(
        512, ge=0, le=65_536, description="long side at which pages are looked at unless told; 0: their own"
    )
    gain: float = Field(
        1.0, gt=0, le=3, description="the chroma is multiplied by it: makes up for a network's caution"
    )
    inked: float = Field(
        0.15, ge=0, le=1, description="share of the pictures shown as line art, as much as screentone"
    )

    hint_width: int = Field(
        0, ge=0, le=1024, description="channels of the first layer of what takes hints; 0: the engine does"
    )

    gan: StageConfig | None = Field(StageConfig(), description="first stage (4.2); none: skipped")
    hints: StageConfig | None = Field(
        None, description="second stage: hints, the rest stays as it is (Zhang et al. 2017); none: skipped"
    )

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "default": {
            "generator": "lite0", "trunk_share": 0.1, "adversarial_weight": 0, "absolute_weight": 0,
            "squared_weight": 600, "smooth_weight": 3,
            "gan": {"steps": 600, "batch_size": 8, "learning_rate": 5e-4, "warmup": 40, "beta1": 0.5,
                    "beta2": 0.99, "weight_decay": 0.02, "ema": 0.99},
            "hint_width": 8,
            "hints": {"steps": 1400, "batch_size": 8, "learning_rate": 1e-3, "warmup": 40, "beta2": 0.99,
                      "weight_decay": 0.01, "clip": 10, "ema": 0.99},
        },
        "plain": {
            "gan": {"epochs": 200, "batch_size": 8, "learning_rate": 1e-3, "beta1": 0.5, "beta2": 0.99,
                    "ema": 0.998},
        },
        "inked": {
            "generator": "columns", "space": "flats", "color_levels": 5, "inked": 0, "crop": 160,
            "width": 16, "discriminator_width": 16, "absolute_weight": 5, "side": 400,
            "gan": {"epochs": 20, "batch_size": 8, "learning_rate": 2e-3, "beta1": 0.5, "beta2": 0.99,
                    "ema": 0.98},
        },
        "paper": {
            "size": 512, "crop": None, "generator": "pix2pix", "space": "rgb", "discriminator": "scalar",
            "width": 64, "discriminator_width": 64, "spectral_norm": False, "inked": 0,
            "adversarial_weight": 5, "absolute_weight": 0, "squared_weight": 100, "cosine_weight": 100,
            "gan": {"epochs": 200, "batch_size": 2, "learning_rate": 2e-4, "beta1": 0.5, "beta2": 0.999,
                    "schedule": "constant", "warmup": 0},
        },
    }  # fmt: skip

    @model_validator(mode="after")
    def _fits_the_generator(self) -> Self:
        side = self.crop or self.size
        if self.generator == "pix2pix" and side % 256:
            raise ValueError(
                "generator=pix2pix halves eight times: crop, or size without crops, must be a multiple of "
                f"256, got {side}"
            )
        if self.hint_width and (self.generator, self.space) != ("lite0", "chroma"):
            raise ValueError(
                "hint_width needs generator=lite0 and space=chroma, got "
                f"generator={self.generator}, space={self.space}"
            )
        if self.hints and not self.hint_width:
            raise ValueError("the stage hints needs hint_width, which is 0; give hints=none or a width")
        if self.color_levels and (self.space != "flats" or self.color_levels < 2):
            raise ValueError(
                f"color_levels needs space=flats and two levels or more, got space={self.space}, "
                f"color_levels={self.color_levels}"
            )
        return self


class CGanOptions(RunOptions):
    """What may differ from run to run."""

    side: int | None = Field(
        None,
        ge=0,
        le=65_536,
        description="long side at which colours are found; 0: the page's own, none: as trained",
    )
    regions: bool = Field(
        True, description="one colour a closed region, where colours lie under the page's ink"
    )
