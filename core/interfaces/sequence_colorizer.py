"""SequenceColorizer: a colorizer that sees the frames of a sequence one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from colorzoo.core.interfaces.guidance import Guidance


@runtime_checkable
class SequenceColorizer(Protocol):
    """What a Colorizer may do besides; the engine then leaves agreement of the frames to it."""

    def colorize_sequence(
        self, frames: Iterator[Tensor], options: Any, guidance: Guidance
    ) -> Iterator[Tensor]:
        """Yield colourings (1, options.samples, 3, H, W) of every frame (1, 1, H, W), in [0, 1], in order.

        Sizes may change, and there may be cuts. guidance: what it takes of what is said of the first frame;
        hints, which are of single frames, the engine applies. It should read few frames ahead.
        """
        ...
