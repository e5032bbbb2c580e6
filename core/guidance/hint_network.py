"""A network that takes hints: it corrects their spread by what it knows of things.

Hints are an extra input, as in Zhang et al. 2017 (arXiv:1705.02999), beside what the engine makes of them:
where it spreads a hint up to the next edge, the network may go on behind it, or stop before. It starts as
the engine's own answer.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorzoo.core.blocks import Pyramid, UNet
from colorzoo.core.guidance.hints import FAR, HINT, PREDICTED, WANTED, drawn, spread
from colorzoo.core.trunk.efficientnet import Lite0

CHROMA_SCALE = 0.2
"""The chroma that an input or an output of 1 stands for."""
GROWTH = (1, 2, 4, 8, 12)
FAINT = 1e-8
"""Coverage below which hints are not heard of."""
PLANES = 14


class HintNetwork(nn.Module):
    """From the trunk's features and what is known of hints to a correction of their spread.

    The correction is half the picture's size. A network without training corrects nothing.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.given = Pyramid(PLANES, width, GROWTH)
        self.net = UNet(Lite0.widths, 2, width, GROWTH)
        nn.init.zeros_(self.net.head.weight)
        nn.init.zeros_(self.net.head.bias)  # type: ignore[arg-type]  # it has one

    def forward(self, features: Sequence[Tensor], known: Tensor) -> Tensor:
        """Return chroma (N, 2, H / 2, W / 2) to add to the spread.

        features: the trunk's of grey (N, 1, H, W). known: `PLANES` planes (N, PLANES, H, W).
        """
        seen, told = self.net.encode(features), self.given(known)[::-1]  # type: ignore[arg-type]  # its widths are a list's
        return CHROMA_SCALE * self.net.field([a + b for a, b in zip(seen, told, strict=True)])


class OnTrunk(nn.Module):
    """The network on a trunk, from (1, 1 + K PLANES, H, W): a grey, and what is known of K answers."""

    def __init__(self, trunk: Lite0, network: HintNetwork) -> None:
        super().__init__()
        self.trunk, self.network = trunk, network

    @staticmethod
    def joined(gray: Tensor, known: Tensor) -> Tensor:
        """Return what `forward` is given of gray (1, 1, H, W) and known (K, PLANES, H, W)."""
        return torch.cat([gray, known.flatten(0, 1)[None]], 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return the corrections (K, 2, H / 2, W / 2)."""
        known = x[0, 1:].reshape(-1, PLANES, *x.shape[2:])
        features = [level.expand(len(known), -1, -1, -1) for level in self.trunk(x[:, :1])]
        return self.network(features, known)  # type: ignore[no-any-return]


def spread_and_known(chroma: Tensor, gray: Tensor, planes: Tensor, reach: float) -> tuple[Tensor, Tensor]:
    """Return predicted chroma (K, 2, h, w) under hints, as the engine has it, and what is known of them.

    gray: (1, 1, h, w). planes, reach: as in `spread`. What is known is (K, PLANES, 2h, 2w).
    """
    smoothed = spread(chroma, gray, planes, reach)
    answer, covered = drawn(chroma, smoothed), smoothed[:, HINT].clamp_min(0)
    near = smoothed / (covered + FAINT)
    given = planes.to(chroma).expand(len(chroma), -1, -1, -1)
    colors = [given[:, WANTED], chroma, answer, near[:, WANTED], near[:, PREDICTED]]
    shares = [given[:, HINT], covered / (covered + FAR), torch.log10(covered + FAINT) / 4 + 1]
    light = 2 * gray.expand(len(chroma), -1, -1, -1) - 1
    known = torch.cat([light, *(c / CHROMA_SCALE for c in colors), *shares], 1)
    return answer, F.interpolate(known, scale_factor=2.0, mode="nearest")
