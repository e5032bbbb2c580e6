"""What every colorizer must do under guidance: what it does not take itself, the engine applies."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from colorzoo.core.imaging import color
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.inference.colorize import colorize
from colorzoo.core.interfaces.guidance import Guidance, Hint
from colorzoo.testing.contract import Contract, new_check
from colorzoo.testing.images import synthetic_picture

if TYPE_CHECKING:
    from colorzoo.core.interfaces.colorizer import Colorizer

POINT, GREEN = (35, 45), (60, 160, 70)
"""Where a hint is, x and y, and its colour."""


class GuidanceContract(Contract):
    """A colorizer's contract about guidance; `options` and `guidance` are what it cannot do without."""

    options: ClassVar[Mapping[str, Any]] = {}
    guidance: ClassVar[Guidance] = Guidance()

    def called(self, model: Colorizer, gray: Tensor, **options: object) -> Tensor:
        """Return what a colorizer returns for gray (N, 1, H, W)."""
        told = [self.guidance] * len(gray) if self.guidance.given() else []
        return model(gray, told, **{**self.options, **options})

    def guided(self, model: Colorizer, **fields: Any) -> Picture:
        """Return what the engine makes of a picture under guidance."""
        told = self.guidance.model_copy(update=dict(Guidance(paper=False, **fields)))
        picture = Picture(synthetic_picture(0, 90, 70))
        (colored,) = colorize(model, picture, {**self.options, "seed": 0}, told)
        assert colored.rgb.shape == picture.rgb.shape
        if model.keeps_luma:
            error = int(np.abs(colored.gray.astype(int) - picture.gray).max())
            assert error <= 2, f"under guidance the luma of the picture is off by {error} of 255"
        return colored

    @new_check
    def test_its_capabilities_are_true(self, model: Colorizer) -> None:
        """What it takes and requires are fields of Guidance; several threads may call it if it says so."""
        stated = model.capabilities
        names = {name.partition(".")[0] for name in stated.takes | stated.requires}
        unknown = sorted(names - Guidance.model_fields.keys())
        assert not unknown, f"capabilities: Guidance has no {', '.join(unknown)}"
        if stated.reentrant:
            gray = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
            alone = [self.called(model, gray, seed=seed) for seed in range(4)]
            with ThreadPoolExecutor(4) as threads:
                together = list(threads.map(lambda seed: self.called(model, gray, seed=seed), range(4)))
            assert all(map(torch.equal, alone, together)), "reentrant = True, but threads change results"

    @new_check
    def test_it_follows_hints(self, model: Colorizer) -> None:
        """A hint brings the colour at its place nearer to the wanted one, the same at every call."""
        x, y = POINT
        hints = [Hint(x=x, y=y, color=GREEN)]
        plain, told, again = (
            self.guided(model),
            self.guided(model, hints=hints),
            self.guided(model, hints=hints),
        )
        assert np.array_equal(told.rgb, again.rgb), "the same hint gave two different results"
        wanted = _chroma(np.array(GREEN, np.uint8).reshape(1, 1, 3))[:, 0, 0]
        before, after = (float((_chroma(p.rgb)[:, y, x] - wanted).norm()) for p in (plain, told))
        assert after <= 0.5 * before + 0.02, (
            f"a hint leaves the colour {after:.2g} away, {before:.2g} before"
        )

    @new_check
    def test_it_has_more_or_less_colour(self, model: Colorizer) -> None:
        """Strength 0 is grey, and more of it is more colour."""
        if not model.keeps_luma:
            return
        amounts = [float(_chroma(self.guided(model, strength=s).rgb).abs().mean()) for s in (0, 0.5, 1)]
        assert amounts[0] <= 2 / 255, "strength=0 is not grey"
        assert amounts[0] <= amounts[1] + 1 / 255 <= amounts[2] + 2 / 255, "more strength is less colour"

    @new_check
    def test_it_takes_palettes_and_references(self, model: Colorizer) -> None:
        """With a palette, and with a reference, it makes the same picture twice and keeps the drawing."""
        reference = torch.from_numpy(synthetic_picture(1, 60, 60)).permute(2, 0, 1).float() / 255
        for fields in ({"palette": ["#c03020", "#2040a0"]}, {"references": [reference]}):
            one, other = (self.guided(model, **fields) for _ in range(2))
            assert np.array_equal(one.rgb, other.rgb), f"{', '.join(fields)}: two different results"


def _chroma(rgb: np.ndarray[Any, Any]) -> Tensor:
    return color.chroma(torch.from_numpy(rgb.copy()).permute(2, 0, 1).float() / 255)
