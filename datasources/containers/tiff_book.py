"""TIFF files of several pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from PIL import Image, TiffImagePlugin

from colorzoo.core.errors import ImageError
from colorzoo.core.files import file_digest
from colorzoo.core.imaging.decoding import converted, image_errors
from colorzoo.core.imaging.image_io import Picture, encode
from colorzoo.core.interfaces.container import Container, Page
from colorzoo.datasources.containers.frames import damage, frame_count, image_of, open_frames

SUBFILE, REDUCED = 254, 1
KEPT = (254, 269, 270, 271, 272, 282, 283, 285, 296, 297, 305, 306, 315, 316, 700, 33432, 33723)
"""Tags that are true of a coloured page too: kind, texts, resolution, page number, XMP, copyright, IPTC."""
COMPRESSIONS = ("raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "zstd", "lzma")
"""Without losses, for colour too; what is compressed otherwise is deflated."""
MOST_CLASSIC_BYTES = 3_900_000_000


class TiffBook(Container):
    """A TIFF of several pages; one with reduced copies of a single picture is that picture.

    Pages that stay are stored anew without losses. Tags that describe a page are kept.
    """

    @classmethod
    def accepts(cls, path: Path) -> bool:
        if frame_count(path, "TIFF") < 2:
            return False
        with damage(path), Image.open(path, formats=["TIFF"]) as image:
            return len(_pages_of(image)) > 1

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        with open_frames(path, "TIFF") as image, damage(path):
            self._frames = _pages_of(image)

    @property
    def page_count(self) -> int | None:
        return len(self._frames)

    def pages(self) -> Iterator[Page]:
        return self.pages_after(0)

    def pages_after(self, count: int) -> Iterator[Page]:
        digest = file_digest(self.path)
        with open_frames(self.path, "TIFF") as image, damage(self.path):
            for number, frame in enumerate(self._frames[count:], start=count + 1):
                image.seek(frame)
                name = f"page {number}"
                yield Page(name, partial(self._picture, image, frame, name), f"{digest} {number}")

    def write(self, target: Path, colored: Iterable[Picture | None]) -> None:
        with (
            open_frames(self.path, "TIFF") as image,
            damage(self.path),
            TiffImagePlugin.AppendingTiffWriter(str(target), new=True) as out,
        ):
            for frame, picture in zip(self._frames, colored, strict=True):
                image.seek(frame)
                if picture is not None and picture.is_deep:
                    out.write(encode(picture, ".tif"))
                else:
                    page = image.copy() if picture is None else image_of(picture)
                    page.save(out, "TIFF", **_options(image, len(self._frames)))
                    del page
                out.newFrame()
                del picture

    def _picture(self, image: Image.Image, frame: int, name: str) -> Picture:
        called = f"{self.path.name}: {name}"
        if image.width * image.height > self.max_pixels:
            raise ImageError(f"{called}: {image.width}x{image.height} pixels, too large")
        if image.tell() != frame:
            raise ImageError(f"{called}: read too late")
        with image_errors(called):
            decoded = converted(image, image.size, in_place=False)
        return Picture(decoded.pixels, decoded.alpha, decoded.profile, decoded.notes)


def _pages_of(image: Image.Image) -> list[int]:
    """Return the frames that are pages, not smaller copies of others."""
    frames = []
    for number in range(int(getattr(image, "n_frames", 1))):
        image.seek(number)
        if not _tags(image).get(SUBFILE, 0) & REDUCED:
            frames.append(number)
    return frames


def _tags(image: Image.Image) -> TiffImagePlugin.ImageFileDirectory_v2:
    assert isinstance(image, TiffImagePlugin.TiffImageFile)
    return image.tag_v2


def _options(image: Image.Image, pages: int) -> dict[str, object]:
    """Return how a page is stored, given the one that it stands for."""
    kept, tags = TiffImagePlugin.ImageFileDirectory_v2(), _tags(image)
    for tag in KEPT:
        if tag in tags:
            kept.tagtype[tag] = tags.tagtype[tag]
            kept[tag] = tags[tag]
    stored = str(image.info.get("compression", "raw"))
    return {
        "compression": stored if stored in COMPRESSIONS else "tiff_adobe_deflate",
        "tiffinfo": kept,
        "big_tiff": 3 * image.width * image.height * pages > MOST_CLASSIC_BYTES,
    }
