import pytest
import torch

from colorzoo.core.guidance.styles import STYLES, styled
from colorzoo.core.imaging import color
from colorzoo.core.interfaces.guidance import Guidance


def test_styles_tint_neither_paper_nor_ink():
    chroma = torch.zeros(1, 2, 1, 3)
    out = styled(chroma, torch.tensor([0.0, 0.5, 1.0]).view(1, 1, 1, 3), Guidance(style="warm"))
    assert out[0, :, 0, 0].tolist() == out[0, :, 0, 2].tolist() == [0, 0]
    assert out[0, 0, 0, 1] < 0 < out[0, 1, 0, 1]  # less blue, more red


@pytest.mark.parametrize("style", sorted(set(STYLES) - {"plain"}))
def test_every_style_changes_colours(style):
    chroma, gray = torch.rand(2, 2, 4, 4) - 0.5, torch.rand(1, 1, 4, 4)
    assert (styled(chroma, gray, Guidance(style=style)) - chroma).abs().max() > 0.01


def test_strength_is_more_or_less_colour():
    chroma, gray = torch.rand(1, 2, 4, 4) - 0.5, torch.rand(1, 1, 4, 4)
    assert torch.equal(styled(chroma, gray, Guidance()), chroma)
    torch.testing.assert_close(styled(chroma, gray, Guidance(strength=1.5)), 1.5 * chroma)
    grey = color.recombine(gray, styled(chroma, gray, Guidance(strength=0)))
    torch.testing.assert_close(grey, gray.expand(1, 3, 4, 4))
