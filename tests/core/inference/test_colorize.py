import weakref

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from colorzoo.core.errors import ConfigError, PluginError
from colorzoo.core.imaging.contact_sheet import Cell, contact_sheet, thumbnail
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.inference import prediction as engine
from colorzoo.core.inference.colorize import colorings, colorize
from colorzoo.core.inference.tiling import stripes
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.testing import synthetic_picture


class Wild(Colorizer):
    """Saturated nonsense with a luma of its own: the engine must put ours back."""

    def colorize(self, gray, options):
        generator = torch.Generator().manual_seed(options.seed or 0)
        return torch.rand(len(gray), options.samples, 3, *gray.shape[-2:], generator=generator)


class Small(Wild):
    max_input_side = 32


class Free(Small):
    keeps_luma = False


@pytest.mark.parametrize("kind", [Wild, Small])
@pytest.mark.parametrize("size", [(72, 64), (1, 1), (3, 200), (201, 97)])
def test_size_alpha_and_luma_stay(kind, size):
    alpha = np.full(size, 7, np.uint8)
    picture = Picture(synthetic_picture(0, *size), alpha, b"profile")
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
    picture = Picture(synthetic_picture(0, 90, 100))
    sample = colorize(Free(), picture)[0]
    assert sample.rgb.shape == (90, 100, 3)
    assert np.abs(sample.gray.astype(int) - picture.gray).mean() > 10


def test_wrong_options_and_wrong_shapes_are_named():
    picture = Picture(synthetic_picture(0))
    with pytest.raises(ConfigError, match="did you mean samples"):
        colorize(Wild(), picture, {"smaples": 2})
    with pytest.raises(PluginError, match=r"\(N, 1, H, W\)"):
        Wild()(torch.zeros(3, 4))

    class Flat(Wild):
        def colorize(self, gray, options):
            return gray

    with pytest.raises(PluginError, match=r"Flat\.colorize returned shape"):
        colorize(Flat(), picture)


def colors(kind, picture, options=None):
    return [sample.rgb for sample in colorize(kind(), picture, options)]


@pytest.mark.parametrize("kind", [Wild, Small, Free])
@settings(max_examples=10, deadline=None)
@given(st.integers(130, 400), st.integers(130, 400), st.integers(1, 70))
def test_stripes_give_the_bits_of_the_whole(kind, height, width, rows):
    picture = Picture(synthetic_picture(height, height, width))
    whole = colors(kind, picture, {"samples": 2})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "stripes", lambda height, width, pixels: stripes(height, width, rows * width))
        parts = colors(kind, picture, {"samples": 2})
    fused = torch.backends.cpu.get_cpu_capability() != "DEFAULT"
    exact = fused and kind.keeps_luma  # torch resizes three channels at once by another kernel
    for one, other in zip(whole, parts, strict=True):
        assert np.abs(one.astype(int) - other).max() <= (0 if exact else 1)


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 10_000))
def test_stripes_cover_every_row_once(height, width, pixels):
    rows = [row for top, bottom in stripes(height, width, pixels) for row in range(top, bottom)]
    assert rows == list(range(height))


def test_a_colouring_with_a_luma_of_its_own_is_made_by_stripes():
    shown = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "stripes", lambda height, width, pixels: stripes(height, width, 10 * width))
        whole = engine.to_pixels
        patch.setattr(engine, "to_pixels", lambda rgb, depth: shown.append(rgb) or whole(rgb, depth))
        colorize(Free(), Picture(synthetic_picture(0, 90, 100)))
    assert {rgb.shape[-2] for rgb in shown} == {10}


class Broken(Wild):
    error: BaseException

    def colorize(self, gray, options):
        raise self.error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (IndexError("no such\nlayer"), "Broken: IndexError: no such layer"),
        (SystemExit(3), "Broken: SystemExit: 3"),
        (MemoryError(), "ran out of memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "ran out of memory"),
    ],
)
def test_a_colorizer_that_fails_is_one_line_that_names_it(error, message):
    colorizer = Broken()
    colorizer.error = error
    with pytest.raises(PluginError, match=message) as caught:
        colorize(colorizer, Picture(synthetic_picture(0)))
    assert str(caught.value).startswith("Broken")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("side", [None, 32])
def test_a_colorizer_may_write_to_what_it_is_given(side):
    class Writes(Wild):
        max_input_side = side

        def colorize(self, gray, options):
            colored = super().colorize(gray, options)
            gray.zero_()
            return colored

    picture = Picture(synthetic_picture(0))
    sample = colorize(Writes(), picture, {"seed": 1})[0]
    assert np.abs(sample.gray.astype(int) - picture.gray).max() <= 2


def test_samples_are_made_one_by_one():
    made = colorings(Small(), Picture(synthetic_picture(0)), {"samples": 2})
    first = weakref.ref(next(made))
    assert first() is None, "the generator keeps what it has yielded"
    next(made)


def test_a_thumbnail_is_what_the_sheet_would_make():
    picture = synthetic_picture(0, 300, 200)
    small = thumbnail(picture, "a", 64)
    assert small.image.shape == (64, 43, 3)
    np.testing.assert_array_equal(contact_sheet([[small]], 64), contact_sheet([[Cell(picture, "a")]], 64))


def test_the_contact_sheet_holds_every_picture():
    rows = [
        [Cell(synthetic_picture(0), "a"), Cell(synthetic_picture(1)[..., 0], "grey " * 40)],
        [Cell(synthetic_picture(2), "b")],
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

    picture = Picture(synthetic_picture(0))
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
        colorize(Odd(), Picture(synthetic_picture(0)))
    assert "\n" not in str(caught.value)
    with pytest.raises(PluginError, match=said):
        Odd()(torch.rand(1, 1, 72, 64))
