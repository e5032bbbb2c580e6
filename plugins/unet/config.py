"""Configuration of the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from colorzoo.core.config import ColorizerConfig
from colorzoo.core.interfaces.stage import StageConfig


class UNetConfig(ColorizerConfig):
    """What is built and trained."""

    size: int = Field(64, ge=32, le=4096, multiple_of=32, description="working size in pixels")
    width: int = Field(24, gt=0, le=1024, description="channels of the first layer")
    trunk: Literal["none", "lite0"] = Field(
        "none",
        description="what the decoder is given: convolutions of its own, or EfficientNet-Lite0 as it is",
    )
    fit: StageConfig = Field(StageConfig(), description="the only stage")

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "default": {
            "fit": {"epochs": 10, "learning_rate": 2e-3, "beta2": 0.99, "weight_decay": 0.01, "ema": 0.998},
        },
        "trunk": {
            "size": 192, "width": 32, "trunk": "lite0",
            "fit": {"steps": 600, "batch_size": 48, "learning_rate": 2e-3, "beta2": 0.99,
                    "weight_decay": 0.01, "ema": 0.99},
        },
    }  # fmt: skip

    @model_validator(mode="after")
    def _size_fits_the_trunk(self) -> Self:
        if self.trunk == "lite0" and self.size < 64:
            raise ValueError(
                f"trunk=lite0 finds colours at a quarter of the size: expected 64 or more, got {self.size}"
            )
        return self
