"""Small books and animations that tests make, by the name of the container that opens them."""

import io
import tarfile
import zipfile

from PIL import Image

from colorzoo.testing import synthetic_picture

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


BOOKS = {"cbz": cbz, "cbt": cbt, "epub": epub}


def book(name, folder):
    """Return the path of a new small book that a container opens."""
    folder.mkdir(parents=True, exist_ok=True)
    return BOOKS[name](folder / f"book.{name}")
