"""What a graph takes and gives, and where it is."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from colorzoo.core import ColorizerConfig, RunOptions

DDCOLOR = {"takes": "gray", "channels": 3, "gives": "ab"}
"""github.com/piddnad/DDColor, scripts/export_onnx.py: grey as RGB in [0, 1] in, CIE ab out, batch 1."""
DEOLDIFY = {"takes": "gray", "channels": 3, "white": 255.0, "gives": "rgb", "scale": 1 / 255}
"""github.com/instant-high/deoldify-onnx, convert_to_onnx.py: RGB 0-255 in and out, batch 1."""


class OnnxConfig(ColorizerConfig):
    """What the graph takes and gives; where it is: a path, or a file on the Hub, pinned and hashed."""

    file: str = Field("", description="path of the .onnx file, or its name in the repository")
    repo: str = Field("", description="owner/name on the Hub; empty: file is a path")
    revision: str = Field("", pattern=r"^([0-9a-f]{40})?$", description="full commit on the Hub")
    sha256: str = Field("", pattern=r"^([0-9a-f]{64})?$", description="of the file; the Hub needs it")
    takes: Literal["gray", "lightness"] = Field(
        "gray", description="grey of sRGB, or L of CIE Lab over 100"
    )
    channels: int = Field(1, description="how often it is given: 1 or 3")
    black: float = Field(0.0, description="what black is to the graph")
    white: float = Field(1.0, description="what white is to the graph")
    size: int | None = Field(None, gt=0, description="side of the square it works on; any size when none")
    multiple: int = Field(1, gt=0, description="sides are multiples of this")
    gives: Literal["ab", "rgb"] = Field("ab", description="CIE ab, or sRGB")
    scale: float = Field(1.0, description="factor from what it gives to ab units, or to RGB in [0, 1]")
    shift: float = Field(0.0, description="added after the factor")

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "default": {},
        "ddcolor-512": {**DDCOLOR, "size": 512},
        "ddcolor-256": {**DDCOLOR, "size": 256},
        "deoldify": {**DEOLDIFY, "size": 256},
    }

    @model_validator(mode="after")
    def _consistent(self) -> "OnnxConfig":
        if self.repo and not (self.revision and self.sha256):
            raise ValueError("a file on the Hub needs revision (the full commit) and sha256")
        if self.channels not in (1, 3):
            raise ValueError(f"channels: expected 1 or 3, got {self.channels}")
        return self


class OnnxOptions(RunOptions):
    """How the graph is run."""

    threads: int = Field(0, ge=0, description="threads of the session; 0: one a core")
    optimization: Literal["off", "basic", "extended", "all"] = Field("all", description="of the graph")
    batch: int = Field(1, gt=0, description="pictures at once, where the graph allows it")
