"""Pictures made by independent tools and by hand: right, or refused with the reason."""

import io
import shutil
import struct
import subprocess
import zlib
from contextlib import suppress

import numpy as np
import pytest
import tifffile
from PIL import Image

from colorzoo.core.errors import ImageError
from colorzoo.core.imaging import image_io as images
from colorzoo.core.imaging import limits
from colorzoo.core.imaging.image_io import Picture
from colorzoo.testing import synthetic_picture

RAMP = np.linspace(0, 1, 256).reshape(16, 16)
BYTES = np.arange(256, dtype=np.uint8).reshape(16, 16)


def outcome(source):
    """Return the picture, or the message that refuses it."""
    try:
        return images.read(source)
    except ImageError as error:
        return str(error)


def tool(*command):
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed (apt-get install libtiff-tools imagemagick)")
    subprocess.run(command, check=True, capture_output=True)


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["u1", "u2", "u4", "i1", "i2", "i4", "f2", "f4", "f8"])
def test_gray_of_tifffile_is_right_or_refused(tmp_path, dtype, order, photometric):
    kind = np.dtype(dtype)
    values = RAMP * (1 if kind.kind == "f" else np.iinfo(kind).max)
    values = values.max() - values if photometric == "miniswhite" else values
    values = values if kind.kind == "f" else values.round()
    tifffile.imwrite(tmp_path / "a.tif", values.astype(kind), photometric=photometric, byteorder=order)
    picture = outcome(tmp_path / "a.tif")
    if isinstance(picture, str):
        assert any(word in picture for word in ("signed", "floating-point", "a kind of TIFF"))
        assert kind.kind in "if" or photometric == "miniswhite" or order == ">"
    else:
        assert kind.kind == "u"
        np.testing.assert_array_equal(picture.rgb, np.repeat(BYTES[..., None], 3, 2))


@pytest.mark.parametrize("options", [[], ["-B"], ["-L"], ["-f", "lsb2msb"], ["-t", "-w", "16", "-l", "16"]])
@pytest.mark.parametrize("compression", ["none", "lzw", "zip", "packbits"])
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_sixteen_bits_of_libtiff(tmp_path, compression, options, photometric):
    values = (RAMP * 65535).round().astype(np.uint16)
    values = 65535 - values if photometric == "miniswhite" else values
    tifffile.imwrite(tmp_path / "a.tif", values, photometric=photometric)
    tool("tiffcp", "-c", compression, *options, tmp_path / "a.tif", tmp_path / "b.tif")
    picture = outcome(tmp_path / "b.tif")
    if isinstance(picture, str):
        assert "a kind of TIFF that is not read" in picture
        assert photometric == "miniswhite"
    else:
        np.testing.assert_array_equal(picture.rgb[..., 1], BYTES)


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 10, 12, 14, 16, 24, 32, 64])
@pytest.mark.parametrize("compression", ["none", "zip"])
def test_every_depth_of_imagemagick(tmp_path, depth, compression):
    Image.fromarray(BYTES).save(tmp_path / "a.png")
    target = tmp_path / "b.tif"
    tool("convert", tmp_path / "a.png", "-compress", compression, "-depth", str(depth), target)
    levels = 2 ** min(depth, 8) - 1
    picture = outcome(target)
    if isinstance(picture, str):
        assert "a kind of TIFF that is not read" in picture
        assert depth in (10, 14, 24, 64)
    else:
        limit = 0 if depth >= 8 else 255 / levels
        assert np.abs(picture.rgb[..., 0].astype(int) - BYTES).max() <= limit
        assert picture.rgb.max() == 255


def test_lab_gains_no_alpha_and_its_grays_stay(tmp_path):
    gray = Image.fromarray(np.repeat(BYTES[..., None], 3, 2))
    gray.save(tmp_path / "a.png")
    tool("convert", tmp_path / "a.png", "-colorspace", "Lab", "-depth", "8", tmp_path / "b.tif")
    picture = images.read(tmp_path / "b.tif")
    assert picture.alpha is None
    assert np.abs(picture.gray.astype(int) - BYTES).max() <= 4


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(depth, color, width, row, *more, height=1):
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    parts = [chunk(b"IHDR", header), *more, chunk(b"IDAT", zlib.compress(b"\0" + row)), chunk(b"IEND", b"")]
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_the_transparent_gray_of_a_png(depth):
    white = 2**depth - 1
    values = [0, 1, white, 1] * 2
    bits = "".join(format(value, f"0{depth}b") for value in values)
    row = int(bits, 2).to_bytes(len(bits) // 8, "big")
    for key in (0, 1, white):
        picture = images.read(png(depth, 0, 8, row, chunk(b"tRNS", struct.pack(">H", key))))
        opaque = np.iinfo(picture.alpha.dtype).max
        assert picture.alpha.tolist() == [[0 if value == key else opaque for value in values]]
        np.testing.assert_array_equal(picture.rgb[0, :, 0], np.round(np.array(values) * 255 / white))


def test_long_texts_of_a_png_are_no_damage():
    text = chunk(b"zTXt", b"key\0\0" + zlib.compress(b"x" * 2_000_000))
    with pytest.raises(ImageError, match="texts or its profile") as caught:
        images.read(png(8, 0, 4, b"\0\1\2\3", text), name="a.png")
    assert "damaged" not in str(caught.value)


def test_a_claim_that_no_memory_holds_is_a_damaged_picture():
    with pytest.raises(ImageError, match=r"a\.png: damaged picture"):
        images.read(png(16, 6, 100_000_000, b""), name="a.png")


def test_the_only_limit_of_pixels_is_ours(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 4)  # Pillow refuses twice as many
    assert images.read(png(8, 0, 20, bytes(20))).rgb.shape == (1, 20, 3)
    with pytest.raises(ImageError, match="at most 200 million"):
        images.read(png(1, 0, 200_000_001, b""))


def scan_bomb(scans):
    """Repeat the last scan of a progressive JPEG."""
    file = io.BytesIO()
    Image.new("L", (64, 64), 128).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    start = data.rfind(b"\xff\xc4", 0, data.rfind(b"\xff\xda"))
    return io.BytesIO(data[:-2] + data[start:-2] * scans + b"\xff\xd9")


def test_a_scan_bomb_is_refused_before_it_is_decoded():
    assert images.read(scan_bomb(20)).rgb.shape == (64, 64, 3)
    for read in (images.read, lambda file: images.read_reduced(file, 8)):
        with pytest.raises(ImageError, match="a JPEG of 5006 scans"):
            read(scan_bomb(5000))


def test_scans_times_pixels_are_bounded(monkeypatch):
    monkeypatch.setattr(limits, "MAX_SCANNED_PIXELS", 64 * 64 * 20)
    with pytest.raises(ImageError, match="a JPEG of 26 scans"):
        images.read(scan_bomb(20))


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "bmp", "tif"])
def test_whatever_a_mutation_brings_about_is_an_image_error(tmp_path, suffix):
    rng = np.random.default_rng(0)
    alpha = None if suffix in ("jpg", "bmp") else synthetic_picture(1, 24, 20)[..., 0]
    images.write(tmp_path / f"a.{suffix}", Picture(synthetic_picture(0, 24, 20), alpha))
    whole = np.frombuffer((tmp_path / f"a.{suffix}").read_bytes(), np.uint8)
    for _ in range(60):
        data = whole.copy()
        places = np.minimum(rng.geometric(0.02, rng.integers(1, 9)), len(data) - 1)
        data[places] = rng.integers(0, 256, len(places))
        for read in (images.read, lambda file: images.read_reduced(file, 8)):
            with suppress(ImageError):
                read(io.BytesIO(data.tobytes()))


def test_frames_pages_and_profiles_that_are_left_out_are_noted(tmp_path):
    pages = [Image.new("L", (8, 8), value) for value in (0, 255)]
    for name in ("a.tif", "a.webp", "a.png"):
        pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:])
        assert images.read(tmp_path / name).notes == ("only the first of its frames or pages is read",)
    pages[0].save(tmp_path / "b.png", icc_profile=b"\0" * 16 + b"GRAY" + b"\0" * 108)
    (note,) = images.read(tmp_path / "b.png").notes
    assert "profile is dropped" in note


def test_what_a_format_cannot_hold_is_said():
    pixels = synthetic_picture(0, 8, 8)
    clear = Picture(pixels, np.zeros((8, 8), np.uint8), b"profile")
    assert images.lost_in("a.png", clear) == images.lost_in("a.webp", clear) == ()
    assert images.lost_in("a.jpg", clear) == ("its transparency is dropped, which jpg cannot hold",)
    assert len(images.lost_in("a.BMP", clear)) == 2
    assert images.lost_in("a.jpg", Picture(pixels, np.full((8, 8), 255, np.uint8))) == ()


def test_webp_keeps_every_pixel_also_under_transparency(tmp_path):
    picture = Picture(synthetic_picture(0), np.zeros((72, 64), np.uint8))
    images.write(tmp_path / "a.webp", picture)
    np.testing.assert_array_equal(images.read(tmp_path / "a.webp").rgb, picture.rgb)


@pytest.mark.parametrize(("suffix", "limit"), [("webp", 16_383), ("jpg", 65_500)])
def test_the_longest_side_of_a_format(tmp_path, suffix, limit):
    images.write(tmp_path / f"a.{suffix}", Picture(np.zeros((1, limit, 3), np.uint8)))
    with pytest.raises(ImageError, match=f"{limit:,} a side; write png"):
        images.write(tmp_path / f"b.{suffix}", Picture(np.zeros((1, limit + 1, 3), np.uint8)))


@pytest.mark.parametrize("name", ["a\0b.png", "a\nb.png", "\udcff.png", "x" * 300 + ".png"])
def test_odd_names_are_one_printable_line(name):
    with pytest.raises(ImageError) as caught:
        images.read(name)
    assert "\n" not in str(caught.value)
    str(caught.value).encode()
