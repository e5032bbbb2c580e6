"""Which pages are worth keeping: coloured, whole, and not there already."""

from __future__ import annotations

import io
from collections.abc import Iterable

from PIL import Image

from colorzoo.core.errors import ImageError
from colorzoo.core.images import read
from colorzoo.core.verdict import assign_verdicts, color_spread, perceptual_hash
from colorzoo.datasources.manga.errors import CrawlError
from colorzoo.datasources.manga.store import Page

MOST_PIXELS = 120_000_000
SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "TIFF": ".tif"}


def looked_at(page: Page, body: bytes) -> Page:
    """Decode a picture and note what it is; CrawlError if it is none, is damaged or far too large."""
    try:
        image = read(io.BytesIO(body), name=page.address, max_pixels=MOST_PIXELS).rgb
        with Image.open(io.BytesIO(body), formats=tuple(SUFFIXES)) as opened:
            suffix = SUFFIXES[str(opened.format)]
    except ImageError as error:
        raise CrawlError(str(error)) from None
    except Exception as error:  # one picture must not end a crawl, whatever it does to a decoder
        raise CrawlError(f"{page.address}: damaged picture ({type(error).__name__})") from None
    return page.model_copy(
        update={
            "file": f"{page.file.rpartition('.')[0] or page.file}{suffix}",
            "width": image.shape[1],
            "height": image.shape[0],
            "spread": round(color_spread(image), 3),
            "hash": f"{perceptual_hash(image):016x}",
        }
    )


def judged(pages: Iterable[Page], min_spread: float) -> list[Page]:
    """Return the pages, in the order of their names, each with its verdict."""
    return assign_verdicts(sorted(pages, key=lambda page: page.key), min_spread)
