"""Configuration of one-page; the steps after the network are those of Hensman and Aizawa 2017."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, model_validator

from colorzoo.core.config import ColorizerConfig, RunOptions
from colorzoo.core.interfaces.stage import StageConfig


class OnePageConfig(ColorizerConfig):
    """What is built and taught."""

    size: int = Field(512, ge=64, le=4096, multiple_of=32, description="side of the teaching pictures")
    crop_side: int = Field(160, ge=32, le=4096, multiple_of=32, description="longest side of their crops")
    crops: int = Field(4, gt=0, le=256, description="crops a step")
    smallest: float = Field(
        0.2, gt=0, le=4, description="least size at which teaching pictures are seen, as a share of `size`"
    )
    largest: float = Field(1.0, gt=0, le=4, description="the largest")
    gamma: float = Field(
        1.25,
        ge=1,
        le=4,
        description="largest exponent that makes grey darker, and its inverse lighter",
    )
    toned: float = Field(
        0.15, ge=0, le=0.5, description="share of the crops shown as line art, and as much as screentone"
    )
    width: int = Field(32, gt=0, le=1024, description="channels of the decoder; 32 is cgan's")
    hidden: int = Field(64, gt=0, le=1024, description="channels of what is taught")
    gain: float = Field(2.0, gt=0, le=3, description="factor of the chroma of the weights it starts from")
    start: Literal["default"] = Field("default", description="weights of cgan that it starts from")
    memory: int = Field(
        512, ge=16, le=65_536, description="places of the teaching pictures that are remembered"
    )
    side: int = Field(512, ge=32, le=4096, description="long side at which pictures are looked at, at most")

    teach: StageConfig = Field(StageConfig(), description="the only stage")

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "default": {
            "teach": {"steps": 200, "batch_size": 16, "learning_rate": 3e-3, "warmup": 20, "beta1": 0.5,
                      "beta2": 0.99, "weight_decay": 0.02, "ema": 0.98},
        },
    }  # fmt: skip

    @model_validator(mode="after")
    def _smallest_is_smaller(self) -> Self:
        if self.smallest > self.largest:
            raise ValueError(f"smallest={self.smallest} is larger than largest={self.largest}")
        return self


class OnePageOptions(RunOptions):
    """How far to go to what was taught, and the steps after the network in order."""

    trust: float = Field(
        0.6, ge=0, le=1, description="how far to go to what was taught at most, where a place is like it"
    )
    tone: bool = Field(True, description="take screentone out before regions are found")
    regions: bool = Field(False, description="one colour a region that lines close")
    saturation: float = Field(1.0, ge=0, le=4, description="factor of the chroma")
    colors: int = Field(
        0, ge=0, le=64, description="only so many colours, those of the teaching pictures; 0: any"
    )
