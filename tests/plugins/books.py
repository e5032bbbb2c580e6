"""Small books and animations that tests make, by the name of the container that opens them."""

import io
import struct
import tarfile
import zipfile
import zlib

import pytest
from PIL import Image

from colorzoo.testing import synthetic_picture
from tests.datasources.clips import clip

CONTAINER = (
    '<?xml version="1.0"?><container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
    '<rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles>'
    "</container>"
)


def page(index, suffix=".png", size=(64, 48), **options):
    """Return the bytes of a coloured page, always the same ones."""
    image = Image.fromarray(synthetic_picture(index, *size))
    return saved(image, suffix, **options)


def gray_page(index, suffix=".png", size=(64, 48), **options):
    return saved(Image.fromarray(synthetic_picture(index, *size)).convert("L"), suffix, **options)


def saved(image, suffix, **options):
    buffer = io.BytesIO()
    image.save(buffer, Image.registered_extensions()[suffix], **options)
    return buffer.getvalue()


def members(pages=3):
    """Return what a book holds, its pages out of their order."""
    return {
        "ComicInfo.xml": b"<ComicInfo><Title>A day</Title></ComicInfo>",
        **{f"pages/{number}.png": gray_page(number) for number in range(pages, 0, -1)},
        "notes.txt": b"words\r\n",
    }


def cbz(path, content=None):
    with zipfile.ZipFile(path, "w") as out:
        for name, data in (content or members()).items():
            info = zipfile.ZipInfo(name, (2001, 2, 3, 4, 5, 6))
            info.compress_type = (
                zipfile.ZIP_DEFLATED if name.endswith(("xml", "txt")) else zipfile.ZIP_STORED
            )
            out.writestr(info, data)
    return path


def cbt(path, content=None):
    with tarfile.open(path, "w") as out:
        for name, data in (content or members()).items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(data), 1_000_000_000, 0o640
            out.addfile(info, io.BytesIO(data))
    return path


def epub(path):
    images = '<img src="a.jpg"/><img src="b.png"/>'
    html = f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{images}</body></html>'
    content = {
        "mimetype": b"application/epub+zip",
        "META-INF/container.xml": CONTAINER.encode(),
        "a.jpg": gray_page(1, ".jpg", quality=80),
        "b.png": gray_page(2),
        "page.xhtml": html.encode(),
    }
    return cbz(path, content)


def cb7(path):
    py7zr = pytest.importorskip("py7zr")
    with py7zr.SevenZipFile(path, "w") as out:
        for name, data in members().items():
            out.writestr(data, name)
    return path


def cbr(path, content=None):
    """Write a rar archive of stored members, by RAR's technical note on its fourth format."""
    parts = [b"Rar!\x1a\x07\x00", _rar_block(0x73, 0, bytes(6))]
    for name, data in (content or members()).items():
        encoded = name.encode()
        fields = struct.pack(
            "<LLBLLBBHL",
            len(data),
            len(data),
            3,
            zlib.crc32(data),
            0x2A44_1F00,
            20,
            0x30,
            len(encoded),
            0o644,
        )
        parts += [_rar_block(0x74, 0x8000, fields + encoded), data]
    path.write_bytes(b"".join([*parts, _rar_block(0x7B, 0x4000, b"")]))
    return path


def _rar_block(kind, flags, fields):
    content = struct.pack("<BHH", kind, flags, 7 + len(fields)) + fields
    return struct.pack("<H", zlib.crc32(content) & 0xFFFF) + content


def pdf(path):
    img2pdf = pytest.importorskip("img2pdf")
    path.write_bytes(
        img2pdf.convert([gray_page(1, ".jpg", (96, 80), quality=85), gray_page(2, size=(80, 96))])
    )
    return path


def tiff(path):
    pages = [Image.open(io.BytesIO(gray_page(index))) for index in (1, 2, 3)]
    pages[0].save(path, save_all=True, append_images=pages[1:], compression="tiff_lzw", dpi=(300, 300))
    return path


def animation(path):
    first, *others = [Image.open(io.BytesIO(gray_page(index))).convert("RGB") for index in (1, 2, 3)]
    options = {"duration": [100, 250, 40], "loop": 3}
    first.save(path, save_all=True, append_images=others, **options)
    return path


def video(path):
    pytest.importorskip("av")
    return clip(path, 5)


MAKERS = {
    "cbz": cbz, "cbt": cbt, "epub": epub, "cb7": cb7, "cbr": cbr, "pdf": pdf, "tiff": tiff,
    "gif": animation, "apng": animation, "webp": animation,
    "video": video, "film": video,
}  # fmt: skip
SUFFIXES = {"apng": ".png", "video": ".mp4", "film": ".ts"}


def book(name, folder):
    """Return the path of a new small book that a container opens."""
    folder.mkdir(parents=True, exist_ok=True)
    return MAKERS[name](folder / f"book{SUFFIXES.get(name, '.' + name)}")
