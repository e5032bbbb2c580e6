"""Configuration and options of eccv16 and siggraph17."""

from pydantic import Field

from colorzoo.core import ColorizerConfig, RunOptions


class ZhangConfig(ColorizerConfig):
    """What is built; the defaults fit the published weights."""

    width: int = Field(64, ge=1, le=1024, description="channels of the first layer; published: 64")


class ZhangOptions(RunOptions):
    """What may differ from run to run."""

    input_size: int = Field(
        256, ge=8, le=4096, multiple_of=8,
        description="side of the square that colours are found at; published: 256",
    )  # fmt: skip


class Eccv16Options(ZhangOptions):
    """What may differ from run to run."""

    temperature: float = Field(
        1.0, ge=0.01, le=100,
        description="of the choice, beside the published one: 1 is the release, less is more vivid",
    )  # fmt: skip
