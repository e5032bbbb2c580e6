"""Configuration of the baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from colorzoo.core.config import ColorizerConfig
from colorzoo.core.interfaces.stage import StageConfig


class UNetConfig(ColorizerConfig):
    """What is built and trained."""

    size: int = Field(64, ge=32, le=4096, multiple_of=32, description="working size in pixels")
    width: int = Field(24, gt=0, le=1024, description="channels of the first layer")
    fit: StageConfig = Field(StageConfig(), description="the only stage")

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "default": {
            "fit": {"epochs": 10, "learning_rate": 2e-3, "beta2": 0.99, "weight_decay": 0.01, "ema": 0.998},
        },
    }  # fmt: skip
