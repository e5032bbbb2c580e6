"""Which network, and the size that it works at."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from colorzoo.core import ColorizerConfig, RunOptions


class DDColorConfig(ColorizerConfig):
    """The published sizes."""

    model_size: Literal["tiny", "large"] = Field(
        "large", description="encoder: ConvNeXt-T, 55 million parameters in all, or ConvNeXt-L, 228 million"
    )

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"default": {}, "tiny": {"model_size": "tiny"}}


class DDColorOptions(RunOptions):
    """How it is run."""

    input_size: int = Field(
        512, ge=32, le=2048, multiple_of=32, description="side of the square that it looks at, in pixels"
    )
