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


def test_a_colorizer_that_writes_to_its_input_harms_nothing():
    class Writing(Wild):
        def colorize(self, gray, options):
            colored = super().colorize(gray, options)
            gray.zero_()
            return colored

    picture = Picture(made_picture(0))
    (wanted,), (written,) = (colorize(kind(), picture, {"seed": 3}) for kind in (Wild, Writing))
    assert np.array_equal(wanted.rgb, written.rgb)
    assert np.abs(written.gray.astype(int) - picture.gray).max() <= 2


RETURNED = {
    "a NumPy array": (lambda rgb: rgb.numpy(), "returned a ndarray, expected a torch.Tensor"),
    "nothing": (lambda rgb: None, "returned a NoneType"),
    "a list": (list, "returned a list"),
    "bool": (lambda rgb: rgb > 0.5, r"returned torch\.bool, expected torch\.float32"),
    "complex": (lambda rgb: rgb.to(torch.complex64), r"returned torch\.complex64"),
    "half": (lambda rgb: rgb.half(), r"returned torch\.float16"),
    "double": (lambda rgb: rgb.double(), r"returned torch\.float64"),
    "bytes": (lambda rgb: rgb.byte(), r"returned torch\.uint8"),
    "sparse": (lambda rgb: rgb.to_sparse(), r"returned torch\.sparse_coo torch\.float32"),
    "on no device": (lambda rgb: rgb.to("meta"), "returned a tensor on meta, expected one on cpu"),
    "NaN": (lambda rgb: rgb.index_fill(-1, torch.tensor([3]), torch.nan), "values from nan to nan"),
    "infinity": (lambda rgb: rgb / 0, "values from"),
    "too bright": (lambda rgb: rgb + 0.5, "expected 0 to 1"),
    "no samples": (lambda rgb: rgb[:, 0], r"returned shape \(1, 3, 72, 64\), expected \(1, 1, 3, 72, 64\)"),
}


@pytest.mark.parametrize("kind", RETURNED)
def test_what_a_colorizer_must_not_return_is_said_in_one_line(kind):
    change, said = RETURNED[kind]

    class Odd(Wild):
        def colorize(self, gray, options):
            return change(super().colorize(gray, options))

    with pytest.raises(PluginError, match=said) as caught:
        colorize(Odd(), Picture(made_picture(0)))
    assert "\n" not in str(caught.value)
    with pytest.raises(PluginError, match=said):
        Odd()(torch.rand(1, 1, 72, 64))
