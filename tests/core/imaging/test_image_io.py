import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from colorzoo.core.errors import ImageError
from colorzoo.core.imaging import image_io as images
from colorzoo.core.imaging.image_io import Picture
from colorzoo.testing import synthetic_picture


def save(path, image, **options):
    image.save(path, **options)
    return path


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "webp", "jpg"])
def test_every_format_is_read_and_written(tmp_path, suffix):
    original = synthetic_picture(1)
    path = tmp_path / f"a.{suffix}"
    images.write(path, Picture(original))
    again = images.read(path).rgb
    limit = 0 if suffix in ("png", "bmp", "tiff") else 6
    assert np.abs(again.astype(int) - original).mean() <= limit
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_exif_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees clockwise to view
    path = save(tmp_path / "a.jpg", Image.new("RGB", (40, 20)), exif=exif)
    assert images.read(path).rgb.shape == (40, 20, 3)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_alpha_is_kept(tmp_path, mode):
    alpha = np.arange(256, dtype=np.uint8).reshape(16, 16)
    image = Image.fromarray(synthetic_picture(2, 16, 16)).convert("RGBA")
    image.putalpha(Image.fromarray(alpha))
    path = save(tmp_path / "a.tiff", image.convert(mode)) if mode != "PA" else None
    if path is None:  # a palette with transparency
        palette = Image.fromarray(synthetic_picture(2, 16, 16)).quantize(8)
        path = save(tmp_path / "a.png", palette, transparency=0)
        assert images.read(path).alpha is not None
        return
    picture = images.read(path)
    np.testing.assert_array_equal(picture.alpha, alpha)
    images.write(tmp_path / "b.png", picture)
    np.testing.assert_array_equal(images.read(tmp_path / "b.png").alpha, alpha)


def test_sixteen_bit_grey_is_scaled_not_clipped(tmp_path):
    values = np.linspace(0, 65535, 256).round().astype(np.uint16).reshape(16, 16)
    path = save(tmp_path / "a.png", Image.fromarray(values))
    np.testing.assert_array_equal(images.read(path).rgb[..., 0].ravel(), np.arange(256))


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK"])
def test_other_modes_become_rgb(tmp_path, mode):
    suffix = "jpg" if mode == "CMYK" else "png"
    path = save(tmp_path / f"a.{suffix}", Image.fromarray(synthetic_picture(3)).convert(mode))
    picture = images.read(path)
    assert picture.rgb.shape == (72, 64, 3)
    assert picture.rgb.dtype == np.uint8


def test_an_rgb_profile_is_kept_and_a_grey_one_dropped(tmp_path):
    for space, kept in ((b"RGB ", True), (b"GRAY", False)):
        profile = b"\0" * 16 + space + b"\0" * 108
        path = save(tmp_path / "a.png", Image.new("RGB", (4, 4)), icc_profile=profile)
        assert (images.read(path).profile == profile) is kept


def bad_files():
    whole = io.BytesIO()
    Image.fromarray(synthetic_picture(4, 200, 200)).save(whole, "JPEG")
    small = io.BytesIO()
    Image.new("1", (1, 1)).save(small, "PNG")
    header = b"IHDR" + struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    bomb = small.getvalue()[:12] + header + struct.pack(">I", zlib.crc32(header)) + small.getvalue()[33:]
    return {
        "truncated.jpg": (whole.getvalue()[: len(whole.getvalue()) // 2], "damaged"),
        "empty.jpg": (b"", "empty file"),
        "text.jpg": (b"hello, this is no picture\n" * 10, "not a picture"),
        "bomb.png": (bomb, "too large"),
    }


@pytest.mark.parametrize("name", bad_files())
def test_bad_files_are_one_line_errors(tmp_path, name):
    data, reason = bad_files()[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ImageError, match=reason) as caught:
        images.read(tmp_path / name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(ImageError, match="no such file"):
        images.read(tmp_path / "none.jpg")
    with pytest.raises(ImageError, match="is a folder"):
        images.read(tmp_path)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")

    def fail():
        with images.atomic_write(path) as file:
            file.write(b"new")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_suffix_is_refused(tmp_path):
    with pytest.raises(ImageError, match="unknown picture suffix"):
        images.write(tmp_path / "a.gif", Picture(synthetic_picture(0)))


@pytest.mark.parametrize("fit", ["squash", "crop", "pad"])
def test_square(fit):
    assert images.square(synthetic_picture(0, 30, 50), 16, fit).shape == (16, 16, 3)
