"""What a fetched picture is, as the choice of pages to keep needs it."""

from __future__ import annotations

import io

from PIL import Image

from colorzoo.core.data.quality import color_spread, perceptual_hash
from colorzoo.core.errors import ImageError
from colorzoo.core.imaging.image_io import read
from colorzoo.datasources.manga.crawl_errors import CrawlError
from colorzoo.datasources.manga.crawl_folder import Page

MAX_PIXELS = 120_000_000
SUFFIXES = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp", "TIFF": ".tif"}


def inspect_image(page: Page, body: bytes) -> Page:
    """Return the page with what its picture is: suffix, size, colour spread, perceptual hash.

    Raises:
        CrawlError: it is no picture, damaged, or larger than MAX_PIXELS.
    """
    try:
        image = read(io.BytesIO(body), name=page.address, max_pixels=MAX_PIXELS).rgb
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
