"""Draw coloured pages of drawings under open licences, to train on and to measure.

    npm pack openmoji@17.0.0 @iconify-json/fluent-emoji-flat
    python -m bench.drawings --openmoji DIR/package --fluent DIR/package -o data/drawings

Needs rsvg-convert (librsvg2-bin). Writes `train/`, `val/` and `test/` of composed pages: panels with
gutters, drawings that overlap, bubbles with lettering. `val/` and `test/` hold other drawings, by hash of
their first code, and beside `color/` their lines alone as `ink/`, as OpenMoji has them. OpenMoji is
CC BY-SA 4.0, Fluent Emoji is MIT.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from colorzoo.core.interfaces.dataset import hash_fraction

HELD_OUT = {"test": 0.12, "val": 0.2}
"""Shares below which a drawing belongs to a split; what is left is trained on."""
LEFT_OUT = {"flags", "symbols", "component"}
PAGE, SIDE = 512, 256
COLORLESS = 0.05
"""Drawings with a lower mean saturation teach no colours."""
COUNTS = {"train": 1200, "val": 40, "test": 60}


class Drawing(NamedTuple):
    """A drawing in colour and, where the set has them, its lines alone: RGBA (SIDE, SIDE)."""

    color: Image.Image
    ink: Image.Image | None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--openmoji", type=Path, required=True)
    parser.add_argument("--fluent", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    drawings = {"train": [], "val": [], "test": []}
    for split, drawing in openmoji(options.openmoji):
        drawings[split].append(drawing)
    if options.fluent:
        drawings["train"] += fluent(options.fluent)
    for split, own in drawings.items():
        print(f"{split}: {len(own)} drawings", flush=True)
        for number in range(COUNTS[split]):
            write_page(options.out / split, number, own, random.Random(f"{split} {number}"))


def openmoji(root: Path) -> Iterator[tuple[str, Drawing]]:
    """Yield every drawing with its split; of people, the base and one other skin."""
    entries = json.loads((root / "data" / "openmoji.json").read_text())
    chosen: dict[tuple[str, bool], str] = {}
    for entry in entries:
        if entry["group"] in LEFT_OUT or "brand" in entry["subgroups"] or "flag" in entry["subgroups"]:
            continue
        key = (entry["skintone_base_hexcode"] or entry["hexcode"], bool(entry["skintone"]))
        chosen[key] = min(chosen.get(key, entry["hexcode"]), entry["hexcode"], key=hash_fraction)
    codes = sorted(chosen.values())
    colors = rendered([(root / "color" / "svg" / f"{code}.svg").read_bytes() for code in codes])
    inks = rendered([(root / "black" / "svg" / f"{code}.svg").read_bytes() for code in codes])
    for code, color, ink in zip(codes, colors, inks, strict=True):
        if colorful(color):
            yield split_of(code.split("-")[0]), Drawing(color, ink)


def fluent(root: Path) -> list[Drawing]:
    """Return flat drawings without lines; one skin of people, by hash of the name."""
    icons = json.loads((root / "icons.json").read_text())["icons"]
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
    toned = ("-light", "-dark", "-medium")
    names = [n for n in icons if not any(t in n for t in toned) or hash_fraction(n) < 1 / 5]
    images = rendered([f"{head}{icons[name]['body']}</svg>".encode() for name in names])
    return [Drawing(image, None) for image in images if colorful(image)]


def rendered(sources: Sequence[bytes]) -> list[Image.Image]:
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(render, sources))


def render(source: bytes) -> Image.Image:
    command = ["rsvg-convert", "-w", str(SIDE), "-h", str(SIDE), "--keep-aspect-ratio"]
    png = subprocess.run(command, input=source, capture_output=True, check=True).stdout
    return Image.open(io.BytesIO(png)).convert("RGBA")


def colorful(image: Image.Image) -> bool:
    pixels = np.asarray(image).astype(float) / 255
    alpha = pixels[..., 3]
    spread = (pixels[..., :3].max(-1) - pixels[..., :3].min(-1)) * alpha
    return bool(spread.sum() > COLORLESS * max(alpha.sum(), 1))


def split_of(key: str) -> str:
    fraction = hash_fraction(key)
    return next((split for split, below in HELD_OUT.items() if fraction < below), "train")


def write_page(folder: Path, number: int, drawings: Sequence[Drawing], rng: random.Random) -> None:
    """Compose a page; of held-out drawings, which do not overlap, the lines alone beside it."""
    held_out = folder.name != "train"
    color = Image.new("RGB", (PAGE, PAGE), "white")
    ink = Image.new("RGB", (PAGE, PAGE), "white")
    for panel in panels(PAGE, rng):
        draw_panel(color, ink, panel, drawings, rng, overlap=not held_out)
    for image, kind in ((color, "color"), (ink, "ink")) if held_out else ((color, ""),):
        path = folder / kind / f"{number:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.save(path)


def panels(side: int, rng: random.Random) -> Iterator[tuple[int, int, int, int]]:
    """Yield (left, top, right, bottom) of panels in rows, with gutters between."""
    gutter, rows = rng.randint(6, 16), rng.choice((1, 2, 2, 3))
    heights = cuts(side - gutter, rows, rng)
    for top, bottom in pairwise(heights):
        widths = cuts(side - gutter, rng.choice((1, 1, 2, 2, 3)), rng)
        for left, right in pairwise(widths):
            yield left + gutter, top + gutter, right, bottom


def cuts(length: int, count: int, rng: random.Random) -> list[int]:
    inner = [round(length * (index + rng.uniform(-0.2, 0.2)) / count) for index in range(1, count)]
    return [0, *inner, length]


def draw_panel(
    color: Image.Image,
    ink: Image.Image,
    box: tuple[int, int, int, int],
    drawings: Sequence[Drawing],
    rng: random.Random,
    *,
    overlap: bool,
) -> None:
    left, top, right, bottom = box
    size = (right - left, bottom - top)
    inner, lines = Image.new("RGB", size, background(rng)), Image.new("RGB", size, "white")
    if rng.random() < 0.4:  # a floor, or a horizon
        horizon = round(size[1] * rng.uniform(0.4, 0.85))
        for image, fill in ((inner, background(rng)), (lines, "white")):
            ImageDraw.Draw(image).rectangle(
                (-9, horizon, size[0] + 9, size[1] + 9), fill, "black", rng.choice((1, 2, 3))
            )
    for x, y, side in places(size, rng, overlap=overlap):
        drawing = rng.choice(drawings)
        mirror = rng.random() < 0.5
        for image, layer in ((inner, drawing.color), (lines, drawing.ink)):
            if layer is not None:
                scaled = layer.resize(
                    (side, side), Image.Resampling.BOX if side < 60 else Image.Resampling.BICUBIC
                )
                scaled = scaled.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirror else scaled
                cover(image, layer, drawing, scaled, (x, y))
    if rng.random() < 0.5:
        state = rng.getstate()
        for image in (inner, lines):
            rng.setstate(state)
            bubble(image, rng)
    width = rng.choice((1, 2, 3))
    for page, image in ((color, inner), (ink, lines)):
        page.paste(image, (left, top))
        ImageDraw.Draw(page).rectangle((left, top, right - 1, bottom - 1), None, "black", width)


def cover(
    image: Image.Image, layer: Image.Image, drawing: Drawing, scaled: Image.Image, at: tuple[int, int]
) -> None:
    """Paste a drawing; its lines hide what lies behind the coloured one."""
    if layer is drawing.ink:
        body = drawing.color.getchannel("A").resize(scaled.size)
        image.paste(Image.new("RGB", scaled.size, "white"), at, body)
    image.paste(scaled, at, scaled)


def places(size: tuple[int, int], rng: random.Random, *, overlap: bool) -> Iterator[tuple[int, int, int]]:
    """Yield (left, top, side) of drawings: one large, or several."""
    short = min(size)
    if not overlap:
        side = max(32, round(short * rng.uniform(0.75, 0.95)))
        for column in range(max(1, size[0] // (side + 4))):
            yield column * (side + 4) + 2, (size[1] - side) // 2, side
        return
    for _ in range(rng.choice((1, 2, 3, 5))):
        side = max(32, round(short * rng.uniform(0.4, 1.15)))
        yield (
            rng.randint(-side // 4, size[0] - side // 2),
            rng.randint(-side // 8, size[1] - side // 2),
            side,
        )


def background(rng: random.Random) -> tuple[int, int, int]:
    """Return white, for most panels, or a colour that is neither dark nor loud."""
    if rng.random() < 0.6:
        return (255, 255, 255)
    base = rng.choice(((150, 200, 240), (180, 220, 160), (235, 215, 170), (210, 190, 225), (200, 200, 205)))
    return tuple(min(255, max(0, value + rng.randint(-30, 30))) for value in base)  # type: ignore[return-value]


def bubble(image: Image.Image, rng: random.Random) -> None:
    """Draw a white bubble with lines of lettering."""
    width, height = image.size
    w, h = round(width * rng.uniform(0.25, 0.5)), round(height * rng.uniform(0.15, 0.35))
    x, y = rng.randint(4, max(5, width - w - 4)), rng.randint(4, max(5, height // 3))
    draw = ImageDraw.Draw(image)
    draw.ellipse((x, y, x + w, y + h), "white", "black", rng.choice((1, 2)))
    font = ImageFont.load_default(max(8, h // 5))
    words = ["".join(rng.choices("AEIOUMNRSTLHDK", k=rng.randint(2, 6))) for _ in range(4)]
    text = f"{words[0]} {words[1]}\n{words[2]} {words[3]}"
    draw.multiline_text((x + w / 2, y + h / 2), text, "black", font, anchor="mm", align="center")


if __name__ == "__main__":
    main()
