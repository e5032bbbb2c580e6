"""Colorizers with a network that takes hints: run only where there are some, the rest stays as it is."""

from __future__ import annotations

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor

from colorzoo.core.guidance.apply import HINTS
from colorzoo.core.guidance.hint_network import HintNetwork, OnTrunk, spread_and_known
from colorzoo.core.guidance.hints import hint_planes, smoothness
from colorzoo.core.inference.optimize import OptimizedCopy
from colorzoo.core.inference.tiling import tiled
from colorzoo.core.interfaces.chroma_colorizer import ChromaColorizer
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.core.trunk.efficientnet import Lite0

SCALE = 2
"""How much smaller than the grey the network's correction is."""
REACH, TILE = 608, 1024
"""Radius of the network's receptive field, and side of what is computed at once, in pixels of the grey."""


class TakesHints(ChromaColorizer):
    """Base of a colorizer on a trunk that has a network for hints, where its configuration says so."""

    hints: HintNetwork | None

    def add_hint_network(self, width: int) -> None:
        """Build the network, of so many channels in its first layer, and state it; none at 0."""
        self.hints = HintNetwork(width) if width else None
        self._fast_hints = OptimizedCopy(narrow=Lite0.cell)
        if self.hints:
            self.capabilities = type(self).capabilities.model_copy(update={"takes": HINTS})

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Load weights by name; those of a model that takes no hints leave what does as it is."""
        own = {name: tensor for name, tensor in self.state().items() if name.startswith("hints.")}
        super().load_state(state if own.keys() & state.keys() else {**own, **state})

    def hinted(
        self, trunk: Lite0, gray: Tensor, small: Tensor, chroma: Tensor, guidance: Guidance
    ) -> Tensor:
        """Return chroma (K, 2, h, w) under hints in pixels of gray.

        gray: (1, 1, 2h, 2w), as the trunk looks at it. small: the same (1, 1, h, w).
        """
        if not (self.hints and guidance.hints):
            return chroma
        size = (chroma.shape[-2], chroma.shape[-1])
        planes = F.avg_pool2d(hint_planes(guidance, (gray.shape[-2], gray.shape[-1])), SCALE)
        reach = smoothness(len(guidance.hints), size, guidance.reach)
        answer, known = spread_and_known(chroma, small, planes, reach)
        network = OnTrunk(trunk, self.hints)
        return answer + tiled(
            lambda section: self._fast_hints(network, section).float(),
            OnTrunk.joined(gray, known), cell=Lite0.cell, scale=SCALE, reach=REACH, tile=TILE,
        )  # fmt: skip
