"""What is built, and what may differ from run to run."""

from pydantic import Field

from colorzoo.core import ColorizerConfig, RunOptions


class MangaV2Config(ColorizerConfig):
    """The size of the network; published weights fit the default."""

    width: int = Field(
        64, ge=16, le=64, multiple_of=16, description="channels of the first layer; 64 as published"
    )


class MangaV2Options(RunOptions):
    """The size at which a page is looked at."""

    input_size: int = Field(
        576, ge=32, le=2048, multiple_of=32,
        description="width at which a standing page is seen; one that lies has 1.5 times it as height",
    )  # fmt: skip
