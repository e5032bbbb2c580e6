"""Configuration of the baselines."""

from __future__ import annotations

from pydantic import Field

from colorzoo.core.config import ColorizerConfig


class FittedConfig(ColorizerConfig):
    """What a baseline looks at."""

    size: int = Field(64, ge=8, le=512, description="side of the training pictures it looks at, in pixels")
    pictures: int = Field(2000, ge=1, description="how many of them it looks at, at most")


class ByLumaConfig(FittedConfig):
    """How finely lightness is told apart."""

    bins: int = Field(32, ge=2, le=256, description="steps of luma")
