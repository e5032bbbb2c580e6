"""Colourings as Python hands them out: arrays that show themselves, and remember how they were made."""

import copy
import io
import pickle

import numpy as np
import pytest
from PIL import Image

from colorzoo.core.imaging import colored as coloring
from colorzoo.core.imaging.colored import ColoredPicture, ColoringRecord, PictureList
from colorzoo.core.imaging.image_io import Picture
from colorzoo.testing import synthetic_picture

RECORD = ColoringRecord(
    model="unet", weights="default", sha256="a" * 64, options={"samples": 1, "seed": 7}, sample=0,
    device="cpu", colorzoo_version="0.1.0",
)  # fmt: skip


def colored(number=0, height=72, width=64, alpha=None):
    return ColoredPicture.of(Picture(synthetic_picture(number, height, width), alpha), RECORD)


def shown(thing):
    return np.asarray(Image.open(io.BytesIO(thing._repr_png_())))


def test_it_is_an_array_like_any_other():
    picture = colored()
    assert picture.dtype == np.uint8
    assert type(picture.rgb) is np.ndarray
    np.testing.assert_array_equal(Image.fromarray(picture), picture.rgb)
    np.testing.assert_array_equal(picture[..., ::-1], picture.rgb[..., ::-1])
    assert picture.mean() == picture.rgb.mean()
    assert picture.astype(float).dtype == np.float64


def test_it_shows_its_own_pixels():
    picture = colored(alpha=np.full((72, 64), 9, np.uint8))
    pixels = shown(picture)
    np.testing.assert_array_equal(pixels[..., :3], picture)
    assert (pixels[..., 3] == 9).all()
    np.testing.assert_array_equal(shown(picture[:10]), picture[:10])


def test_a_large_one_is_shown_smaller():
    assert shown(colored(0, 50, 3200)).shape == (25, 1600, 3)


@pytest.mark.parametrize("derived", [
    lambda p: p[..., 0], lambda p: p / 2, lambda p: p[:0], lambda p: p == p, lambda p: p.reshape(-1),
])  # fmt: skip
def test_what_is_no_picture_shows_none(derived):
    assert derived(colored())._repr_png_() is None


def test_what_is_computed_from_it_claims_no_record():
    picture = colored(alpha=np.zeros((72, 64), np.uint8))
    for derived in (picture[:10], picture + 1, picture.astype(float), picture // 2):
        assert (derived.record, derived.alpha) == (None, None)
    assert "ColoredPicture(" in repr(picture[:1, :1])
    assert repr(picture) == "<64x72 picture by unet, weights default, seed 7, sample 0>"


@pytest.mark.parametrize("copied", [
    copy.copy, copy.deepcopy, lambda p: p.copy(), lambda p: pickle.loads(pickle.dumps(p)),
])  # fmt: skip
def test_a_copy_remembers(copied):
    picture = colored(alpha=np.full((72, 64), 9, np.uint8))
    again = copied(picture)
    assert type(again) is ColoredPicture
    assert again.record == RECORD
    np.testing.assert_array_equal(again.alpha, picture.alpha)
    np.testing.assert_array_equal(again, picture)
    again[:] = 0
    assert picture.any()


def test_lists_show_a_sheet_of_what_is_in_them():
    one, four = PictureList([colored()]), PictureList(colored(number) for number in range(4))
    lists = {"one": one, "four": four, "nested": [four, one], "alone": [one, one, one]}
    width = {name: shown(PictureList(items)).shape[1] for name, items in lists.items()}
    assert width["one"] < width["alone"] < width["four"] == width["nested"]
    assert shown(PictureList([four, one])).shape[0] > 1.9 * shown(four).shape[0]
    assert PictureList()._repr_png_() is None
    assert PictureList([PictureList()])._repr_png_() is None
    assert PictureList([1, "a"])._repr_png_() is None


def test_a_sheet_has_bounds(monkeypatch):
    monkeypatch.setattr(coloring, "SHOWN_ROWS", 2)
    many = PictureList([colored(0, 8, 8)] * 30)
    assert shown(many).shape == shown(PictureList(many[:10])).shape
    assert shown(PictureList([many] * 3)).shape == shown(many).shape
