"""Configuration of vae-mdn. Sections are those of the term project; [1] is Deshpande et al. 2017."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from colorzoo.core.config import ColorizerConfig, RunOptions
from colorzoo.core.interfaces.stage import StageConfig


class VaeMdnConfig(ColorizerConfig):
    """What is built and trained; the defaults are those of the preset `plain`, save the stages."""

    size: int = Field(64, ge=32, le=4096, multiple_of=32, description="working size in pixels (4.1.1: 64)")
    latent: int = Field(32, gt=0, le=4096, description="dimensions of the embedding (4.1.1: 32)")
    width: int = Field(24, gt=0, le=1024, description="channels of the first layer; the paper gives none")
    space: Literal["chroma", "rgb"] = Field(
        "chroma", description="colour field: chroma with the picture's own luma, or RGB (4.1.1)"
    )
    conditioned: bool = Field(True, description="the decoder also sees the grey picture ([1], skip)")
    relu_latent: bool = Field(False, description="ReLU on the embedding too, one reading of 4.1.1")
    relu_output: bool = Field(False, description="ReLU after the decoder's last layer (4.1.1)")
    loss: Literal["noise", "mse"] = Field(
        "noise", description="log likelihood under Gaussian noise, or mean squared error (4.1.1)"
    )
    noise: float = Field(
        0.17, ge=1e-3, le=10, description="its standard deviation, per channel of RGB in [0, 1]"
    )
    kl_weight: float = Field(
        0.3, ge=0, le=1e6, description="weight of the divergence; the paper names none"
    )

    components: int = Field(8, gt=0, le=1024, description="M, components of the mixture (4.1.2; [1]: 8)")
    mixture: Literal["joint", "per-dimension"] = Field(
        "joint", description="one mixture over the embedding, or one for each dimension (4.1.2)"
    )
    trunk: Literal["lite0", "conv", "flat"] = Field(
        "conv",
        description="from the grey picture to features: EfficientNet-Lite0 trained on ImageNet, for the "
        "decoder too; convolutions; or 4096 values (4.1.2)",
    )
    hidden: int = Field(256, gt=0, le=65_536, description="hidden units of the mixture's heads")
    dropout: float = Field(0.3, ge=0, lt=1, description="dropout before the mixture's heads")
    min_deviation: float = Field(0.05, ge=1e-3, le=1, description="least standard deviation of a component")
    mixture_loss: Literal["nll", "closest"] = Field(
        "nll", description="log likelihood (4.1.2), or only the closest component ([1], 4)"
    )
    mixture_target: Literal["sample", "mean"] = Field(
        "sample", description="what of the encoder the mixture learns: a sample ([1]) or its mean"
    )
    guesses: int = Field(8, gt=1, le=1024, description="samples a picture in the stage `refine`")

    refine_share: float = Field(0.3, ge=0, le=1e6, description="weight of the earlier losses in `refine`")
    density_share: float = Field(0.2, ge=0, le=1e6, description="weight of the mixture's loss among them")
    mean_share: float = Field(
        0.0, ge=0, le=1e6, description="weight of the error of the one cautious colouring in `refine`"
    )
    mean_gain: float = Field(1.0, gt=0, le=3, description="the mean colouring's chroma is multiplied by it")
    trunk_share: float = Field(
        0.0, ge=0, le=1, description="learning rate of the trunk in `refine`, as a share; 0: it stays"
    )
    aged: float = Field(
        0.0, ge=0, le=1, description="share of the pictures shown faded, grainy, blurred: as old photos"
    )

    hint_width: int = Field(
        0, ge=0, le=1024, description="channels of the first layer of what takes hints; 0: the engine does"
    )

    vae: StageConfig | None = Field(StageConfig(), description="first stage (4.1.1); none: skipped")
    mdn: StageConfig | None = Field(StageConfig(), description="second stage (4.1.2); none: skipped")
    refine: StageConfig | None = Field(None, description="third stage: best of many; none: skipped")
    hints: StageConfig | None = Field(
        None, description="last stage: hints, the rest stays as it is (Zhang et al. 2017); none: skipped"
    )

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "default": {
            "size": 192, "width": 32, "trunk": "lite0", "kl_weight": 0.1, "refine_share": 0.6,
            "mean_share": 1.0, "mean_gain": 0.9, "aged": 0.3,
            "vae": {"steps": 800, "batch_size": 48, "learning_rate": 2e-3, "beta2": 0.99,
                    "weight_decay": 0.01, "clip": 50, "ema": 0.998},
            "mdn": {"steps": 500, "batch_size": 48, "learning_rate": 1e-3, "beta2": 0.99,
                    "weight_decay": 0.01, "clip": 50, "ema": 0.998},
            "refine": {"steps": 2300, "batch_size": 48, "learning_rate": 1e-3, "beta2": 0.99,
                       "weight_decay": 0.01, "clip": 50, "ema": 0.998},
        },
        "plain": {
            "vae": {"epochs": 8, "learning_rate": 2e-3, "beta2": 0.99, "weight_decay": 0.01,
                    "clip": 50, "ema": 0.998},
            "mdn": {"epochs": 5, "learning_rate": 1e-3, "beta2": 0.99, "weight_decay": 0.01,
                    "clip": 50, "ema": 0.998},
            "refine": {"epochs": 21, "batch_size": 48, "learning_rate": 1e-3, "beta2": 0.99,
                       "weight_decay": 0.01, "clip": 50, "ema": 0.998},
        },
        "paper": {
            "space": "rgb",
            "conditioned": False,
            "relu_output": True,
            "loss": "mse",
            "kl_weight": 1e-4,
            "mixture": "per-dimension",
            "trunk": "flat",
            "components": 16,
            "dropout": 0.0,
            "mixture_target": "mean",
            "vae": {"epochs": 100, "batch_size": 32, "learning_rate": 1e-3,
                    "schedule": "constant", "warmup": 0},
            "mdn": {"epochs": 20, "batch_size": 32, "learning_rate": 1e-3,
                    "schedule": "constant", "warmup": 0},
        },
    }  # fmt: skip

    @model_validator(mode="after")
    def _fields_fit_each_other(self) -> Self:
        if self.mean_share and not (self.refine or self.hints):
            raise ValueError(
                "mean_share needs the stage refine, which is none; give refine, hints over weights that "
                "have it, or mean_share=0"
            )
        if self.trunk == "lite0" and (self.size % 64 or not self.conditioned):
            raise ValueError(
                "trunk=lite0 finds colours from its features at a quarter of the size: expected a size "
                f"that 64 divides, conditioned; got size={self.size}, conditioned={self.conditioned}"
            )
        if self.hint_width and (self.trunk, self.space) != ("lite0", "chroma"):
            raise ValueError(
                f"hint_width needs trunk=lite0 and space=chroma, got trunk={self.trunk}, space={self.space}"
            )
        if self.hints and not self.hint_width:
            raise ValueError("the stage hints needs hint_width, which is 0; give hints=none or a width")
        return self


class VaeMdnOptions(RunOptions):
    """What may differ from run to run."""

    mode: Literal["sample", "means", "mean"] = Field(
        "sample",
        description="samples; the components' means, likeliest first ([1]); or one mean colouring",
    )
    temperature: float = Field(
        1.0, ge=0, le=2, description="spread of the samples around the components' means"
    )
    prior: bool = Field(
        False,
        description="draw the embedding from N(0, 1), not the mixture: the control experiment",
    )
