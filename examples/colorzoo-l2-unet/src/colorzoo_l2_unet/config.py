"""Configuration of l2-unet."""

from pydantic import Field

from colorzoo.core import ColorizerConfig, StageConfig

FIT = StageConfig(epochs=4, batch_size=64, learning_rate=2e-3, weight_decay=0.01, ema=0.998)


class L2UNetConfig(ColorizerConfig):
    """What is built and trained; stored with the weights."""

    size: int = Field(64, ge=16, multiple_of=16, description="working size in pixels")
    width: int = Field(16, gt=0, description="channels of the first level; every level doubles them")
    fit: StageConfig = Field(FIT, description="the only stage of training")
