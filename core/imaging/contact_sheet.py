"""Contact sheets: labelled pictures in rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from colorzoo.core.imaging.image_io import Pixels

GAP, LABEL_HEIGHT, SIDE = 10, 24, 320
Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
PAPER, INK = (250, 250, 248), (60, 60, 60)


@dataclass(frozen=True)
class Cell:
    """One picture of a sheet, RGB uint8 (H, W, 3) or grey (H, W), and what stands below it."""

    image: Pixels
    label: str


def thumbnail(image: Pixels, label: str, side: int = SIDE) -> Cell:
    """Return a cell whose picture is reduced to `side` pixels, so that no large one stays in memory."""
    return Cell(np.array(_fitted(image, side)), label)


def contact_sheet(rows: Sequence[Sequence[Cell]], side: int = SIDE) -> Pixels:
    """Return RGB uint8 (H, W, 3): rows of pictures fitted into squares of `side` pixels, labels below."""
    columns = max(len(row) for row in rows)
    fitted = [[_fitted(cell.image, side) for cell in row] for row in rows]
    heights = [max(image.height for image in row) for row in fitted]
    width = max(image.width for row in fitted for image in row)
    sheet = Image.new(
        "RGB",
        (GAP + columns * (width + GAP), GAP + sum(h + LABEL_HEIGHT + GAP for h in heights)),
        PAPER,
    )
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(15)
    top = GAP
    for row, images, height in zip(rows, fitted, heights, strict=True):
        for column, (cell, image) in enumerate(zip(row, images, strict=True)):
            left = GAP + column * (width + GAP)
            sheet.paste(image, (left + (width - image.width) // 2, top + height - image.height))
            middle = (left + width // 2, top + height + LABEL_HEIGHT // 2 + 1)
            draw.text(middle, _shortened(cell.label, draw, font, width), INK, font, anchor="mm")
        top += height + LABEL_HEIGHT + GAP
    return np.array(sheet)


def _fitted(image: Pixels, side: int) -> Image.Image:
    shrink = max(image.shape[:2]) // (4 * side)
    if shrink > 1:  # by area first: the filter would need a copy of a large picture, and time
        size = (max(1, image.shape[1] // shrink), max(1, image.shape[0] // shrink))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    picture = Image.fromarray(image).convert("RGB")
    scale = side / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.LANCZOS)


def _shortened(text: str, draw: ImageDraw.ImageDraw, font: Font, width: int) -> str:
    while len(text) > 4 and draw.textlength(text, font) > width:
        text = text[:-4] + "..." if text.endswith("...") else text[:-3] + "..."
    return text
