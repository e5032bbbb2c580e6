"""The colorizer: cgan's answer, moved to what was taught where a place is like the teaching pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from colorzoo.core.config import RunOptions
from colorzoo.core.errors import WeightsError
from colorzoo.core.guidance.correspondence import Kernel, comparable, lent_by
from colorzoo.core.imaging import color
from colorzoo.core.inference.optimize import OptimizedCopy
from colorzoo.core.interfaces.capabilities import Capabilities
from colorzoo.core.interfaces.chroma_colorizer import ChromaColorizer, Size
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.core.interfaces.stage import Stage
from colorzoo.core.trunk.efficientnet import Lite0
from colorzoo.plugins.one_page.config import OnePageConfig, OnePageOptions
from colorzoo.plugins.one_page.finishing import finished
from colorzoo.plugins.one_page.networks import General, Memory, Taught

CHROMA_SCALE = 0.2
"""The chroma that an output of 1 stands for."""
KERNEL = Kernel(temperature=0.05, same_luma=1.0)
UNLIKE, ALIKE = 0.0, 0.4
"""Mean cosine from which on what was taught is believed, and that from which on it is believed most."""
CELL = 8
"""Pixels of the side of the places whose likeness is looked at."""
PREFIX = "generator."
"""Of the names of cgan's tensors."""


class OnePage(ChromaColorizer, nn.Module):
    """Hensman and Aizawa 2017: a conditional GAN's generator, taught by one picture."""

    Config = OnePageConfig
    Options = OnePageOptions
    capabilities = Capabilities(max_input_side=1536, paper=True)
    deterministic = True

    def __init__(self, config: OnePageConfig | None = None) -> None:
        super().__init__(config)
        self.config: OnePageConfig
        self.general = General(self.config.width).requires_grad_(False)
        self.taught, self.memory = Taught(self.config.hidden), Memory(self.config.memory)
        with torch.no_grad():
            for tensor in self.general.state_dict().values():
                tensor.copy_(tensor.half())  # as it is stored
        self._fast = OptimizedCopy(narrow=Lite0.cell)

    def state(self) -> dict[str, Tensor]:
        """Return the weights by name, those that are not taught in half precision."""
        return {n: t.half() if n.startswith("general.") and t.is_floating_point() else t
                for n, t in super().state().items()}  # fmt: skip

    def stages(self) -> Sequence[Stage]:
        """Return the only stage."""
        from colorzoo.plugins.one_page.training import Teaching

        return [Teaching(self)]

    def starts_from(self) -> str:
        return f"cgan:{self.config.start}"

    def start_from(self, state: Mapping[str, Tensor]) -> None:
        own = {name.removeprefix(PREFIX): t for name, t in state.items() if name.startswith(PREFIX)}
        try:
            self.general.load_state_dict(own)
        except RuntimeError:
            raise WeightsError(
                f"one-page: width={self.config.width} does not fit {self.starts_from()}; leave it as it is"
            ) from None

    def working_size(self, size: Size, options: RunOptions) -> Size:
        scale = min(1.0, self.config.side / max(size))
        height, width = (2 * max(1, round(scale * side / 2)) for side in size)
        return height, width

    def chroma(self, small: Tensor, options: RunOptions) -> Tensor:
        assert isinstance(options, OnePageOptions)
        pages = [self.answers(page[None]) for page in small]
        return torch.stack([general + options.trust * known * (taught - general)
                            for general, taught, known in pages])  # fmt: skip

    def full_chroma(self, gray: Tensor, options: RunOptions, guidance: Sequence[Guidance] = ()) -> Tensor:
        assert isinstance(options, OnePageOptions)
        cells, chroma = self.memory.cells(), super().full_chroma(gray, options, guidance)
        pages = [finished(c[None], g[None], options, cells) for c, g in zip(chroma, gray, strict=True)]
        return torch.cat(pages)

    def answers(self, gray: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return general and taught chroma (1, 2, h, w), and how far the latter is known (1, 1, h, w).

        gray: (1, 1, H, W); its sides are even, and twice h and w.
        """
        height, width = gray.shape[-2:]
        gray = F.pad(gray, (0, -width % Lite0.cell, 0, -height % Lite0.cell), mode="replicate")
        *features, raw = (x.float() for x in self._fast(self.general, gray))
        field = self.config.gain * raw
        taught = field + self.taught(features, field, gray)
        known = self._likeness(features[-1][0], gray[0])
        known = color.resize_area(known[None], (field.shape[-2], field.shape[-1]))
        inside = np.s_[..., : height // 2, : width // 2]
        return self.chroma_of(field)[inside], self.chroma_of(taught)[inside], known[inside]

    def chroma_of(self, field: Tensor) -> Tensor:
        """Return the chroma that a field stands for."""
        return CHROMA_SCALE * field

    def _likeness(self, feature: Tensor, luma: Tensor) -> Tensor:
        """Return how much places are like those that were taught (1, h, w), in [0, 1]."""
        cells = self.memory.cells()
        if cells is None:
            return luma.new_zeros(1, 1, 1)
        _, similarity = lent_by(cells, comparable(feature.cpu(), cell=CELL), luma, KERNEL)
        return ((similarity - UNLIKE) / (ALIKE - UNLIKE)).clamp(0, 1).to(luma)
