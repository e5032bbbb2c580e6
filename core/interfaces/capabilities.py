"""Capabilities: what a colorizer states about itself, so that the engine need not guess."""

from __future__ import annotations

from pydantic import Field

from colorzoo.core.config import Strict
from colorzoo.core.domains import Domain


class Capabilities(Strict):
    """What a colorizer can take, what it needs, and what it is for; every colorizer may state less."""

    takes: frozenset[str] = Field(
        frozenset(), description="fields of Guidance that it follows; the engine applies the rest"
    )
    requires: frozenset[str] = Field(frozenset(), description="fields of Guidance it cannot do without")
    max_input_side: int | None = Field(
        None, ge=1, description="longest side of what it is given, in pixels; larger colour is upsampled"
    )
    size_multiple: int = Field(1, ge=1, description="sides that it is given are multiples of it")
    max_batch: int | None = Field(None, ge=1, description="most pictures in one call; none: any number")
    domains: tuple[Domain, ...] = Field((), description="pictures that it is for, whatever its weights")
    reentrant: bool = Field(False, description="several threads may call it at once")
    paper: bool = Field(False, description="blank paper stays white unless guidance says otherwise")
    network: bool = Field(False, description="pictures are sent over a network to be coloured")
