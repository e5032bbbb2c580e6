"""What containers keep of their formats, and what they say where something is missing."""

import io
import struct
import sys
import tarfile
import zlib
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from colorzoo.core.errors import DataError, MissingExtraError
from colorzoo.core.imaging.image_io import Picture
from colorzoo.datasources.containers.natural_order import natural_key
from colorzoo.jobs.opening import any_container_of, opened
from colorzoo.testing import synthetic_picture
from tests.plugins.books import book, cbr, cbt, gray_page, page


def rewritten(path, target, change=lambda picture: replace(picture, pixels=picture.pixels // 2)):
    """Write a container with changed pictures and return the ones that were given."""
    with opened(path) as container:
        pictures = [change(one.read()) for one in container.pages()]
        container.write(target, iter(pictures))
    return pictures


def test_people_number_pages_without_zeros():
    names = ["b/1.png", "a/10.png", "a/2.png", "A/1.png", "a/2b.png", "cover.png"]
    expected = ["A/1.png", "a/2.png", "a/2b.png", "a/10.png", "b/1.png", "cover.png"]
    assert sorted(names, key=natural_key) == expected


@pytest.fixture
def drawn(tmp_path):
    """A PDF with text, a picture with alpha in a form, a stencil, and a script."""
    pikepdf = pytest.importorskip("pikepdf")
    name, gray = pikepdf.Name, pikepdf.Name.DeviceGray

    def picture(pdf, **entries):
        common = {"Type": name.XObject, "Subtype": name.Image, "Width": 80, "Height": 70}
        return pikepdf.Stream(pdf, bytes(range(80)) * 70, **{**common, "BitsPerComponent": 8, **entries})

    with pikepdf.new() as pdf:
        sheet = pdf.add_blank_page(page_size=(100, 100))
        alpha = picture(pdf, ColorSpace=gray)
        inner = {"/Picture": picture(pdf, ColorSpace=gray, SMask=alpha, Decode=[1, 0])}
        form = pikepdf.Stream(pdf, b"80 0 0 70 0 0 cm /Picture Do", Type=name.XObject, Subtype=name.Form)
        form.BBox, form.Resources = [0, 0, 99, 99], pikepdf.Dictionary(XObject=pikepdf.Dictionary(inner))
        form.Resources.XObject.Form = form  # a loop
        stencil = picture(pdf, ImageMask=True, BitsPerComponent=1)
        sheet.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Form=form, Stencil=stencil, Odd=7))
        sheet.Contents = pdf.make_stream(b"BT (words) Tj ET /Form Do")
        pdf.Root.OpenAction = pikepdf.Dictionary(S=name.JavaScript, JS="app.alert(1)")
        pdf.save(tmp_path / "drawn.pdf")
    return tmp_path / "drawn.pdf"


def test_a_pdf_keeps_its_text_its_masks_and_its_scripts(drawn, tmp_path):
    import pikepdf

    (given,) = rewritten(drawn, tmp_path / "new.pdf")
    assert given.pixels[0, :3, 0].tolist() == [127, 127, 126], "Decode turns black and white round"
    with pikepdf.open(tmp_path / "new.pdf") as pdf, pikepdf.open(drawn) as old:
        sheet, before = pdf.pages[0], old.pages[0]
        assert sheet.Contents.read_bytes() == before.Contents.read_bytes()
        assert pdf.Root.OpenAction.JS == "app.alert(1)"
        objects, objects_before = sheet.Resources.XObject, before.Resources.XObject
        assert objects.Stencil.read_raw_bytes() == objects_before.Stencil.read_raw_bytes()
        new = objects.Form.Resources.XObject.Picture
        assert (new.ColorSpace, new.Width, new.Height) == ("/DeviceRGB", 80, 70)
        assert "/Decode" not in new
        mask = objects_before.Form.Resources.XObject.Picture.SMask
        assert new.SMask.read_raw_bytes() == mask.read_raw_bytes()
    with opened(tmp_path / "new.pdf") as again:
        assert [(one.read().pixels == given.pixels).all() for one in again.pages()] == [True]


def test_pages_of_16_bits_keep_them(tmp_path):
    deep = np.arange(40 * 60, dtype=np.uint16).reshape(40, 60) * 27
    first, second = Image.fromarray(deep), Image.fromarray(deep[::-1].copy())
    first.save(tmp_path / "deep.tif", save_all=True, append_images=[second])
    given = rewritten(tmp_path / "deep.tif", tmp_path / "new.tif")
    assert given[0].is_deep
    with Image.open(tmp_path / "new.tif") as image:
        assert image.n_frames == 2
        image.seek(1)
        assert image.tag_v2[258] == (16, 16, 16)


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp"])
def test_what_is_transparent_in_an_animation_stays_so(suffix, tmp_path):
    frames = []
    for index in range(3):
        image = Image.fromarray(synthetic_picture(index, 48, 64)).convert("RGBA")
        alpha = np.full((48, 64), 255, np.uint8)
        alpha[:, 20 * index : 20 * index + 20] = 0
        image.putalpha(Image.fromarray(alpha))
        frames.append(image)
    path, target = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=100, disposal=2, lossless=True)
    given = rewritten(path, target)
    with opened(target) as container:
        for one, wanted in zip(container.pages(), given, strict=True):
            assert np.array_equal(one.read().alpha, wanted.alpha), one.name


def test_owners_and_modes_of_a_tar_stay(tmp_path):
    path, target = cbt(tmp_path / "a.cbt"), tmp_path / "b.cbt"
    rewritten(path, target)
    with tarfile.open(path) as old, tarfile.open(target) as new:
        facts = [[(one.name, one.mtime, one.mode, one.uid) for one in archive] for archive in (old, new)]
    assert facts[0] == facts[1]


def test_a_link_in_a_tar_is_refused(tmp_path):
    with tarfile.open(tmp_path / "a.cbt", "w") as out:
        info = tarfile.TarInfo("1.png")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        out.addfile(info)
    with pytest.raises(DataError, match="a link"):
        opened(tmp_path / "a.cbt")


def test_a_packed_cbr_says_what_unpacks_it(tmp_path, monkeypatch):
    rarfile = pytest.importorskip("rarfile")
    monkeypatch.setattr(
        rarfile, "tool_setup", lambda *args, **named: (_ for _ in ()).throw(rarfile.RarCannotExec())
    )
    data = bytearray(cbr(tmp_path / "a.cbr", {"1.png": page(1)}).read_bytes())
    block = 7 + 13  # the first file's, behind the mark and the head
    data[block + 25] = 0x33  # packed, so that a tool is needed
    (size,) = struct.unpack_from("<H", data, block + 5)
    data[block : block + 2] = struct.pack("<H", zlib.crc32(data[block + 2 : block + size]) & 0xFFFF)
    (tmp_path / "a.cbr").write_bytes(data)
    with opened(tmp_path / "a.cbr") as container, pytest.raises(DataError, match="apt install unar"):
        list(container.pages())


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [("cbr", "rarfile", "books"), ("cb7", "py7zr", "books"), ("pdf", "pikepdf", "pdf")],
)
def test_without_its_package_a_line_names_the_extra(name, module, extra, tmp_path, monkeypatch):
    path = book(name, tmp_path)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'colorzoo\[{extra}\]'"):
        opened(path)


def test_content_alone_tells_what_comes_by_a_stream(tmp_path):
    for name in ("cbz", "cbt", "epub", "pdf", "gif"):
        path = book(name, tmp_path / name).rename(tmp_path / f"stream {name}")
        with any_container_of(path)(path) as container:
            assert container.page_count >= 2
    (tmp_path / "photo").write_bytes(gray_page(1))
    assert any_container_of(tmp_path / "photo") is None


def test_an_opaque_picture_in_place_of_a_webp_page_keeps_its_kind(tmp_path):
    from colorzoo.datasources.containers.page_format import encode_as, page_format

    for options in ({"lossless": True}, {"quality": 80}):
        stored = page_format(page(1, ".webp", **options), "1.webp")
        data = encode_as(Picture(synthetic_picture(1)), stored, "1.webp")
        assert page_format(data, "1.webp").lossless == stored.lossless
    assert Image.open(io.BytesIO(data)).format == "WEBP"
