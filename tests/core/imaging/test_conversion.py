"""What Python calls a picture: the same pixels whatever they come in, or one line with the reason."""

import io
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from colorzoo.core.errors import ImageError
from colorzoo.core.imaging.conversion import to_picture, to_pictures
from colorzoo.core.imaging.image_io import Picture, write
from colorzoo.core.imaging.picture import to_eight_bits
from colorzoo.testing import synthetic_picture

EXIF_ORIENTATION = 0x0112
sizes = st.integers(1, 20)
FLOATS = (np.float16, np.float32, np.float64)


@st.composite
def pixels(draw, shape=None):
    """Draw uint8 of a shape, by default (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)."""
    if shape is None:
        shape = (draw(sizes), draw(sizes), *draw(st.sampled_from([(), (1,), (3,), (4,)])))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    return rng.integers(0, 256, shape, np.uint8)


def png(image):
    file = io.BytesIO()
    image.save(file, format="PNG")
    return file.getvalue()


def equal(first, second):
    alphas = [np.zeros(0, np.uint8) if one.alpha is None else one.alpha for one in (first, second)]
    return np.array_equal(first.rgb, second.rgb) and np.array_equal(*map(to_eight_bits, alphas))


def refusal(value):
    """Return the one line that refuses a value."""
    with pytest.raises(ImageError) as caught:
        to_picture(value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 240
    return str(caught.value)


@settings(max_examples=60, deadline=None)
@given(pixels())
def test_the_same_pixels_are_the_same_picture_in_any_form(tmp_path_factory, array):
    image = Image.fromarray(array[..., 0] if array.shape[2:] == (1,) else array)
    path = tmp_path_factory.mktemp("any") / "a.png"
    path.write_bytes(png(image))
    expected = to_picture(path)
    forms = [str(path), path.read_bytes(), memoryview(path.read_bytes()), io.BytesIO(path.read_bytes())]
    forms += [image, Image.open(io.BytesIO(png(image))), array, array[::-1][::-1], expected]
    forms += [array.astype(np.uint16) * 257, (array.astype(np.uint16) * 257).astype(">u2")]
    forms += [(array / 255).astype(kind) for kind in FLOATS]
    for form in forms:
        assert equal(to_picture(form), expected), form


@settings(max_examples=60, deadline=None)
@given(st.tuples(sizes, sizes), st.sampled_from([(), (1,), (3,)]), st.data())
def test_a_tensor_is_the_array_with_its_channels_first(size, channels, data):
    array = data.draw(pixels((*channels, *size)))
    expected = to_picture(np.moveaxis(array, 0, -1) if channels else array)
    tensor = torch.from_numpy(array)
    forms = [tensor, tensor / 255, tensor.double() / 255, (tensor / 255).half()]
    forms += [(tensor / 255).requires_grad_(), tensor.flip(-1).flip(-1), tensor.transpose(-1, -2).mT]
    for form in forms:
        assert equal(to_picture(form), expected)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 5), max_size=5),
    st.sampled_from(["u1", "u2", "f2", "f4", "f8", "i8", "?", "c8", "O", "<U3", "M8[s]"]),
)
def test_any_other_array_is_one_line(shape, kind):
    array = np.zeros(shape, kind)
    right = len(shape) == 2 or (len(shape) == 3 and shape[2] in (1, 3, 4))
    if right and array.size and kind in ("u1", "u2", "f2", "f4", "f8"):
        assert to_picture(array).rgb.shape == (*shape[:2], 3)
    else:
        assert str(array.dtype) in refusal(array)


def test_sixteen_bits_of_a_file_and_of_an_array_are_rounded_alike(tmp_path):
    array = np.arange(2**16, dtype=np.uint16).reshape(256, 256)
    Image.fromarray(array).save(tmp_path / "a.png")
    expected = to_picture(tmp_path / "a.png")
    assert equal(to_picture(array), expected)
    assert equal(to_picture(Image.fromarray(array)), expected)
    assert equal(to_picture(Image.fromarray(array.astype(np.int32))), expected)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV"])
def test_a_pil_image_is_what_its_file_would_be_and_stays_as_it_was(mode):
    image = Image.fromarray(synthetic_picture(3, 30, 20)).convert(mode)
    exif = image.getexif()
    exif[EXIF_ORIENTATION] = 6
    before = image.tobytes()
    picture = to_picture(image)
    assert (image.size, image.tobytes(), image.getexif()[EXIF_ORIENTATION]) == ((20, 30), before, 6)
    assert picture.rgb.shape == (20, 30, 3)
    if mode in ("1", "L", "LA", "P", "RGB", "RGBA"):  # the others no file holds without loss
        saved = io.BytesIO()
        image.save(saved, format="TIFF", exif=exif)
        assert equal(picture, to_picture(saved))


def test_alpha_and_profile_of_a_pil_image_are_kept():
    image = Image.fromarray(synthetic_picture(1, 8, 8)).convert("RGBA")
    image.putalpha(77)
    profile = bytes(16) + b"RGB " + bytes(8)
    image.info["icc_profile"] = profile
    picture = to_picture(image)
    assert (picture.alpha == 77).all()
    assert picture.profile == profile


def test_a_file_is_read_from_its_beginning_and_one_that_cannot_go_back_from_where_it_is():
    data = png(Image.fromarray(synthetic_picture(0, 8, 8)))
    moved = io.BytesIO(data)
    moved.seek(10)

    class Stream:
        def read(self, size=-1):
            return data

    assert equal(to_picture(moved), to_picture(data))
    assert equal(to_picture(Stream()), to_picture(data))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "got None; expected a path, bytes"),
        (7, "got int"),
        ({}, "got dict"),
        ((i for i in range(3)), "got generator.*make a list of it first"),
        ([[0, 1]], "got list.*numpy.array"),
        ("", "empty path"),
        ("https://user.example/a.png?key=1", "addresses are not read; download it"),
        ("data:image/png;base64,SECRET", "^data:image/png;base64: addresses"),
        (io.StringIO("text"), "opened as text.*mode 'rb'"),
        (b"", "picture of 0 bytes: empty file"),
        (np.zeros((0, 4)), r"empty array of float64 with shape \(0, 4\)"),
        (np.zeros((4, 4, 2), np.uint8), r"uint8 with shape \(4, 4, 2\); expected \(H, W\)"),
        (np.zeros((3, 8, 8)), "channels last"),
        (np.zeros((2, 8, 8, 3)), "list"),
        (np.zeros((4, 4), bool), "bool.*expected uint8, uint16, or float"),
        (np.full((4, 4), np.nan), "holds NaN"),
        (np.full((4, 4), np.inf), "from inf to inf"),
        (np.linspace(0, 255, 16).reshape(4, 4), "from 0 to 255; expected 0 to 1; divide by 255"),
        (np.linspace(0, 65535, 16).reshape(4, 4), "divide by 65535"),
        (np.linspace(-1, 1, 16).reshape(4, 4), r"from -1 to 1; .*\(x \+ 1\) / 2"),
        (np.full((4, 4), 1 + 1e-7), r"1\.0000001; .*clip"),
        (torch.zeros(8, 8, 3), "channels first"),
        (torch.zeros(1, 3, 8, 8), "list"),
        (torch.zeros(3, 8, 8, dtype=torch.int32), "int32.*expected uint8, or float"),
        (torch.full((8, 8), torch.nan), "tensor of float32.*holds NaN"),
        (torch.zeros(8, 8, device="meta"), "no dense values"),
        (torch.eye(8).to_sparse(), "no dense values"),
        (Image.new("F", (4, 4)), "mode F"),
        (Image.new("LAB", (4, 4)), "mode LAB"),
        (Image.new("RGB", (0, 4)), "empty PIL image"),
        (Image.fromarray(np.full((4, 4), -1, np.int32)), "from -1 to -1; expected 0 to 65535"),
        (Picture(np.zeros((4, 4, 3))), "pixels is float64"),
        (Picture(np.zeros((4, 4, 3), np.uint8), np.zeros((4, 5), np.uint8)), "alpha is uint8"),
        (Picture(None), "pixels is None"),
        (Picture(np.zeros((0, 4, 3), np.uint8)), "empty Picture"),
    ],
)
def test_what_is_no_picture_is_one_line_that_says_why(value, expected):
    with pytest.raises(ImageError, match=expected):
        to_picture(value)
    refusal(value)


def test_paths_that_are_no_files_are_one_line(tmp_path):
    assert "is a folder" in refusal(tmp_path)
    assert "no such file" in refusal(tmp_path / "none.png")
    (tmp_path / "a.png").write_bytes(b"")
    with (tmp_path / "a.png").open("rb") as file:
        assert str(tmp_path) in refusal(file)
    assert "closed" in refusal(file)
    with (tmp_path / "a.png").open("wb") as file:
        assert "cannot be read" in refusal(file)


@settings(max_examples=30, deadline=None)
@given(st.binary(min_size=1, max_size=3000))
def test_bytes_never_stand_in_a_message(data):
    message = refusal(b"\x00secret" + data * 100)
    assert "secret" not in message
    assert len(message) < 150


def test_a_list_says_which_item_is_wrong():
    right = synthetic_picture(0, 8, 8)
    assert len(to_pictures([right, right])) == 2
    with pytest.raises(ImageError, match=r"^item 1 of the list: got None"):
        to_pictures([right, None])
    with pytest.raises(ImageError, match=r"^item 0 of the list: got list"):
        to_pictures([[right]])


def test_a_home_is_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path / "a.png", Picture(synthetic_picture(0, 8, 8)))
    assert to_picture("~/a.png").rgb.shape == (8, 8, 3)
    assert "no such file" in refusal("~nobody-at-all/a.png")


def test_a_tensor_is_known_without_importing_torch(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch")
    assert "got Tensor" in refusal(torch.zeros(4, 4))
    assert "torch" not in sys.modules
