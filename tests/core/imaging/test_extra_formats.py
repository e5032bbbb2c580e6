"""Photos of phones and cameras: read with their extra, refused in a line without."""

import sys

import numpy as np
import pytest
from PIL import Image

from colorzoo.core.errors import ImageError
from colorzoo.core.imaging.image_io import read


def heic(path):
    pytest.importorskip("pillow_heif").register_heif_opener()
    Image.new("RGB", (64, 48), (10, 200, 30)).save(path, "HEIF")
    return path


def dng(path):
    """Write a raw file of a red left half and a green right one, in the sensor's mosaic."""
    tifffile = pytest.importorskip("tifffile")
    color = np.zeros((64, 96, 3))
    color[:, :48, 0] = color[:, 48:, 1] = 0.5
    y, x = np.mgrid[:64, :96]
    mosaic = np.array([[0, 1], [1, 2]])[y % 2, x % 2]
    values = (np.take_along_axis(color, mosaic[..., None], 2)[..., 0] * 65535).astype(np.uint16)
    identity = tuple(number for one in np.eye(3, dtype=int).ravel() for number in (int(one), 1))
    tags = [
        *((tag, "B", 4, value, True) for tag, value in ((50706, (1, 4, 0, 0)), (33422, (0, 1, 1, 2)))),
        *((tag, "s", 0, "Test", True) for tag in (271, 272, 50708)),
        *((tag, "H", len(value), value, True) for tag, value in ((33421, (2, 2)), (50778, (21,)))),
        (50721, "2i", 9, identity, True),
        (50728, "2I", 3, (1, 1) * 3, True),
        (50717, "I", 1, 65535, True),
    ]
    tifffile.imwrite(path, values, photometric=32803, extratags=tags, planarconfig=1)
    return path


def test_heic_is_read(tmp_path):
    picture = read(heic(tmp_path / "a.heic"))
    assert picture.size == (48, 64)
    assert np.abs(picture.rgb.astype(int) - (10, 200, 30)).max() < 8


def test_raw_is_developed_not_its_preview(tmp_path):
    pytest.importorskip("rawpy")
    picture = read(dng(tmp_path / "a.dng"))
    assert (picture.size, picture.is_deep) == ((64, 96), True)
    assert picture.rgb[32, 20].argmax() == 0
    assert picture.rgb[32, 80].argmax() == 1


@pytest.mark.parametrize(
    ("maker", "module", "extra"), [(heic, "pillow_heif", "heic"), (dng, "rawpy", "raw")]
)
def test_without_the_package_a_line_names_the_extra(maker, module, extra, tmp_path, monkeypatch):
    path = maker(tmp_path / f"a.{maker.__name__}")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImageError, match=rf"pip install 'colorzoo\[{extra}\]'"):
        read(path)


def test_a_damaged_raw_file_is_a_line(tmp_path):
    pytest.importorskip("rawpy")
    (tmp_path / "a.nef").write_bytes(b"II*\0" + bytes(200))
    with pytest.raises(ImageError, match="damaged raw file"):
        read(tmp_path / "a.nef")
