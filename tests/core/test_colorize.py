import cv2
import numpy as np
import pytest
import torch

from colorzoo.core.colorize import colorize
from colorzoo.core.colorizer import Colorizer
from colorzoo.core.errors import ConfigError, PluginError
from colorzoo.core.images import Picture
from colorzoo.core.sheet import Cell, contact_sheet
from colorzoo.testing import made_picture


class Wild(Colorizer):
    """Saturated nonsense with a luma of its own: the engine must put ours back."""

    def colorize(self, gray, options):
        generator = torch.Generator().manual_seed(options.seed or 0)
        return torch.rand(len(gray), options.samples, 3, *gray.shape[-2:], generator=generator)


class Small(Wild):
    native_side = 32


class Free(Small):
    keeps_luma = False


@pytest.mark.parametrize("kind", [Wild, Small])
@pytest.mark.parametrize("size", [(72, 64), (1, 1), (3, 200), (201, 97)])
def test_size_alpha_and_luma_stay(kind, size):
    alpha = np.full(size, 7, np.uint8)
    picture = Picture(made_picture(0, *size), alpha, b"profile")
    colored = colorize(kind(), picture, {"samples": 3, "seed": 1})
    assert len(colored) == 3
    for sample in colored:
        assert sample.rgb.shape == (*size, 3)
        assert sample.alpha is alpha
        assert sample.profile == b"profile"
        gray = cv2.cvtColor(sample.rgb, cv2.COLOR_RGB2GRAY)
        assert np.abs(gray.astype(int) - picture.gray).mean() <= 1
        assert np.abs(gray.astype(int) - picture.gray).max() <= 2


def test_a_colorizer_may_opt_out_of_the_luma():
    picture = Picture(made_picture(0, 90, 100))
    sample = colorize(Free(), picture)[0]
    assert sample.rgb.shape == (90, 100, 3)
    assert np.abs(sample.gray.astype(int) - picture.gray).mean() > 10


def test_wrong_options_and_wrong_shapes_are_named():
    picture = Picture(made_picture(0))
    with pytest.raises(ConfigError, match="did you mean samples"):
        colorize(Wild(), picture, {"smaples": 2})
    with pytest.raises(PluginError, match=r"\(N, 1, H, W\)"):
        Wild()(torch.zeros(3, 4))

    class Flat(Wild):
        def colorize(self, gray, options):
            return gray

    with pytest.raises(PluginError, match=r"Flat\.colorize returned shape"):
        colorize(Flat(), picture)


def test_the_contact_sheet_holds_every_picture():
    rows = [
        [Cell(made_picture(0), "a"), Cell(made_picture(1)[..., 0], "grey " * 40)],
        [Cell(made_picture(2), "b")],
    ]
    sheet = contact_sheet(rows, side=64)
    assert sheet.dtype == np.uint8
    assert sheet.shape[0] > 2 * 64
    assert sheet.shape[1] > 2 * 57
