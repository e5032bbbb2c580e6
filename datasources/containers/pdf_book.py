"""PDF files: pictures are replaced as the streams they are, so pages, text layers and links stay."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from colorzoo.core.errors import DataError, ImageError, MissingExtraError, printable
from colorzoo.core.imaging.image_io import Picture, Pixels
from colorzoo.core.interfaces.container import Container, Page
from colorzoo.core.isolation import reason
from colorzoo.datasources.containers.pdf_streams import Supply, encoded
from colorzoo.datasources.containers.zip_book import head

if TYPE_CHECKING:
    import pikepdf

EXTRA = "pdf"
MAX_PAGES, MAX_DEPTH = 20_000, 5
LEAST_SIDE = 64
"""Pixels below which a picture is an ornament."""


class Located(NamedTuple):
    """A picture of a PDF: its object, and what messages call it."""

    objgen: tuple[int, int]
    name: str


class Slot(NamedTuple):
    """Where a picture hangs: resources that name it, its name there, and itself."""

    resources: Any
    name: str
    image: Any


class PdfBook(Container):
    """A PDF; every picture that is drawn on its pages, once, is a page of the book.

    Stencils, ornaments and pictures with colours that are cut out stay as they are, and so do pages
    without pictures. Scripts in it are neither run nor removed.
    """

    @classmethod
    def accepts(cls, path: Path) -> bool:
        return b"%PDF-" in head(path, 1024)

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._pdf = self._opened()
        if self._pdf.is_encrypted:
            self.close()
            raise DataError(f"{self._called}: encrypted; `qpdf --decrypt` writes it without")
        with self._damage():
            if len(self._pdf.pages) > MAX_PAGES:
                raise DataError(f"{self._called}: more than {MAX_PAGES:,} pages; split it first")

    def close(self) -> None:
        self._pdf.close()

    @property
    def page_count(self) -> int | None:
        return len(self._located)

    def pages(self) -> Iterator[Page]:
        return self.pages_after(0)

    def pages_after(self, count: int) -> Iterator[Page]:
        for place in self._located[count:]:
            with self._damage():
                image = self._pdf.get_object(place.objgen)
                known = f"{image.Width} {image.Height} {image.get('/ColorSpace')!r}".encode()
                digest = hashlib.sha256(known + image.read_raw_bytes()).hexdigest()
            yield Page(place.name, partial(self._picture, image, place.name), digest)

    def write(self, target: Path, colored: Iterable[Picture | None]) -> None:
        with ExitStack() as stack, self._damage():
            pdf = stack.enter_context(self._opened())
            supply = Supply(pdf, stack)
            for place, picture in zip(self._located, colored, strict=True):
                if picture is not None:
                    image = pdf.get_object(place.objgen)
                    supply.add(image, encoded(image, picture))
                del picture
            supply.flush()
            for _, slots in _pages_of(pdf):
                for resources, name, image in slots:
                    if image.objgen in supply.replaced:
                        resources[name] = supply.replaced[image.objgen]
            pdf.save(target, compress_streams=False, fix_metadata_version=False)

    @cached_property
    def _located(self) -> list[Located]:
        located: list[Located] = []
        seen: set[tuple[int, int]] = set()
        with self._damage():
            for number, slots in _pages_of(self._pdf):
                new = dict.fromkeys(i.objgen for _, _, i in slots if i.objgen not in seen and _is_page(i))
                seen |= new.keys()
                for index, objgen in enumerate(new, start=1):
                    name = f"page {number}" if len(slots) == 1 else f"page {number}, picture {index}"
                    located.append(Located(objgen, name))
        return located

    def _opened(self) -> pikepdf.Pdf:
        try:
            import pikepdf
        except ImportError:
            raise MissingExtraError(f"{self._called}: reading a PDF", "pikepdf", EXTRA) from None
        try:
            return pikepdf.open(self.path)
        except pikepdf.PasswordError:
            raise DataError(f"{self._called}: encrypted; `qpdf --decrypt` writes it without") from None
        except (pikepdf.PdfError, OSError) as error:
            raise DataError(f"{self._called}: damaged PDF ({printable(reason(error), 120)})") from None

    @property
    def _called(self) -> str:
        return printable(str(self.path))

    @contextmanager
    def _damage(self) -> Iterator[None]:
        import pikepdf

        try:
            yield
        except (pikepdf.PdfError, pikepdf.DataDecodingError, ValueError, TypeError, KeyError,
                AttributeError, RecursionError) as error:  # fmt: skip
            raise DataError(f"{self._called}: damaged PDF ({printable(reason(error), 120)})") from None

    def _picture(self, image: pikepdf.Object, name: str) -> Picture:
        """Return a picture by itself, as a page of its own size shows it."""
        import pikepdf

        called = f"{self.path.name}: {name}"
        width, height = int(image.Width), int(image.Height)
        if width * height > self.max_pixels:
            raise ImageError(f"{called}: {width}x{height} pixels, too large")
        try:
            with pikepdf.new() as pdf:
                single = pdf.copy_foreign(image)
                for mask in ("/SMask", "/Mask"):
                    if mask in single:
                        del single[mask]
                page = pdf.add_blank_page(page_size=(width, height))
                page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Picture=single))
                page.Contents = pdf.make_stream(f"{width} 0 0 {height} 0 0 cm /Picture Do".encode())
                buffer = io.BytesIO()
                pdf.save(buffer, compress_streams=False)
        except pikepdf.PdfError as error:
            raise ImageError(f"{called}: damaged ({printable(reason(error), 120)})") from None
        return Picture(_rendered(buffer.getvalue(), (height, width), called))


def _pages_of(pdf: pikepdf.Pdf) -> Iterator[tuple[int, list[Slot]]]:
    """Yield the number of each page, and the places where pictures hang that no page before it has."""
    seen: set[tuple[int, int]] = set()
    for number, page in enumerate(pdf.pages, start=1):
        yield number, list(_slots(page.obj.get("/Resources"), seen, MAX_DEPTH))


def _slots(resources: Any, seen: set[tuple[int, int]], depth: int) -> Iterator[Slot]:
    """Yield pictures of resources, and of the forms that these name."""
    import pikepdf

    named = resources.get("/XObject") if isinstance(resources, pikepdf.Dictionary) else None
    if not isinstance(named, pikepdf.Dictionary) or not depth:
        return
    for name, item in sorted(named.items()):
        kind = item.get("/Subtype") if isinstance(item, pikepdf.Stream) else None
        if kind == "/Image":
            yield Slot(named, name, item)
        elif kind == "/Form" and item.objgen not in seen:
            seen.add(item.objgen)
            yield from _slots(item.get("/Resources"), seen, depth - 1)


def _is_page(image: Any) -> bool:
    """Say whether a picture is one to colour, not a stencil, an ornament, or cut out by its colours."""
    import pikepdf

    cut_out = isinstance(image.get("/Mask"), pikepdf.Array) or "/Matte" in (image.get("/SMask") or {})
    large = min(int(image.get("/Width", 0)), int(image.get("/Height", 0))) >= LEAST_SIDE
    return large and not image.get("/ImageMask", False) and not cut_out and image.is_indirect


def _rendered(data: bytes, size: tuple[int, int], name: str) -> Pixels:
    """Return the only page of a PDF, a pixel a unit."""
    try:
        import pypdfium2
    except ImportError:
        raise MissingExtraError(f"{name}: reading a PDF", "pypdfium2", EXTRA) from None
    try:
        with pypdfium2.PdfDocument(data) as document:
            page = document[0]
            pixels = np.array(page.render(scale=1, rev_byteorder=True).to_pil().convert("RGB"))
            page.close()
    except (pypdfium2.PdfiumError, ValueError, MemoryError) as error:
        raise ImageError(f"{name}: damaged ({printable(reason(error), 120)})") from None
    if pixels.shape[:2] != size:
        raise ImageError(f"{name}: {size[1]}x{size[0]} pixels, more than is rendered")
    return pixels
