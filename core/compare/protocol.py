"""What the measured values of a comparison depend on besides the colorizers."""

from __future__ import annotations

import hashlib
import json
from typing import Literal

from pydantic import Field

from colorzoo.core.config import Strict


class Protocol(Strict):
    """What the measured values depend on besides the colorizers; its defaults are those of a comparison."""

    version: Literal["1"] = "1"
    data: str = Field(description="address of the dataset, as it was given")
    split: str
    pictures: int = Field(gt=0)
    data_fingerprint: str = Field(description="sha256 over ids and content of the pictures measured")
    train_fingerprint: str = Field(description="of the pictures that the baselines are fitted on")
    train_is_measured: bool = Field(
        False, description="baselines are fitted on what is measured: no other pictures were at hand"
    )
    side: int = Field(256, ge=0, description="longest side of a picture when it is coloured; 0: its own")
    fit: Literal["keep", "squash", "crop", "pad"] = Field("keep", description="how it gets that side")
    samples: int = Field(8, ge=1, le=1000, description="colourings per picture")
    seed: int = Field(0, ge=0, lt=2**63)
    simulate: str = Field("", description="guidance drawn from the truth by seed, given to every method")

    said: str = Field("", description="sha256 of what the dataset says of its pictures, if that was used")

    @property
    def fingerprint(self) -> str:
        """The sha256 over everything but the address: results with the same one belong together."""
        without = {"data"} | {name for name in ("simulate", "said") if not getattr(self, name)}  # as of old
        values = self.model_dump(mode="json", exclude=without)
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
