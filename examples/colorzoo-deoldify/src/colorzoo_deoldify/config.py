"""Which generator it is, and at which size it works."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from colorzoo.core import ColorizerConfig, RunOptions

RENDER_BASE = 16
"""Pixels of the working side that one of render_factor stands for (deoldify/filters.py)."""


class Variant(NamedTuple):
    """What distinguishes the published generators."""

    trunk: Literal["resnet34", "resnet101"]
    decoder: Literal["deep", "wide"]
    render_factor: int


VARIANTS: Mapping[str, Variant] = {
    "artistic": Variant("resnet34", "deep", 35),
    "stable": Variant("resnet101", "wide", 35),
    "video": Variant("resnet101", "wide", 21),
}
"""deoldify/generators.py, and the defaults of get_image_colorizer and get_video_colorizer."""


class DeOldifyConfig(ColorizerConfig):
    """What is built; stored with the weights."""

    variant: Literal["artistic", "stable", "video"] = Field(
        "artistic", description="vivid; calm, for portraits and landscapes; or calm from frame to frame"
    )
    width: int = Field(
        64, ge=8, le=64, multiple_of=8, description="channels of the trunk's first level; published: 64"
    )

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "default": {},
        "stable": {"variant": "stable"},
        "video": {"variant": "video"},
    }


class DeOldifyOptions(RunOptions):
    """At which size it works."""

    render_factor: int | None = Field(
        None, ge=1, le=100, description="it works on a square of 16 times this; none: 35, of video 21"
    )
