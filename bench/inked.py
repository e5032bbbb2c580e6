"""Measure colours of inked pages: painted pages drawn as line art and screentone, and drawings kept apart.

    python -m bench.inked --pages pages:PATH --drawings DIR/test --model cgan=inked -o docs/results/inked

Against the artist's colours: squared error, as a share of the black-and-white page's own; colourfulness;
how far the darkest 5 % of the page are changed; how far from white what the artist left white is. Of closed
regions: how much colour varies inside, and how many that the artist coloured are coloured. `--beside` adds
the rows of another version's results.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

import colorzoo
from bench.pages import tensor
from colorzoo.core.config import parse_pairs
from colorzoo.core.imaging.image_io import Picture, read
from colorzoo.core.imaging.regions import filled, line_mask, regions
from colorzoo.core.inference.colorize import colorize
from colorzoo.core.registry import registry
from colorzoo.jobs.datasets import open_dataset, packed_cache
from colorzoo.plugins.cgan.inking import LINE_PENS, TONE_PENS, Pen, drawn

FITTED_AT = 256
DARKEST = 0.05
WHITE, COLORED = 250, 24
"""Of 255: channels of paper, and the spread of a region's channels from which on it is coloured."""
SMALLEST_REGION = 64
METRICS = ("mse255", "colorfulness")


@dataclass(frozen=True)
class Page:
    """What a method is given and what it should find: both uint8 (H, W, 3)."""

    ink: np.ndarray
    color: np.ndarray

    @cached_property
    def darkest(self) -> np.ndarray:
        """Return where the darkest 5 % are; of equal pixels, those whose surroundings are darker."""
        gray = self.ink[..., 0].astype(np.float32)
        rank = 1000 * gray + cv2.GaussianBlur(gray, (0, 0), 3)
        count = round(DARKEST * rank.size)
        return rank <= np.partition(rank.ravel(), count)[count]

    @cached_property
    def paper(self) -> np.ndarray:
        """Return where neither pen nor artist left anything."""
        return (self.color >= WHITE).all(-1) & (self.ink[..., 0] >= WHITE)

    @cached_property
    def regions(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the closed white region of every pixel (H W), and the regions' areas."""
        free = (self.ink[..., 0] >= WHITE).astype(np.uint8)
        _, parts = cv2.connectedComponents(free, connectivity=4)
        area = np.bincount(parts.ravel())
        area[0] = 0  # lines
        return parts.ravel(), np.where(area >= SMALLEST_REGION, area, 0)

    def region_means(self, image: np.ndarray) -> np.ndarray:
        """Return the mean (3, R) of an image in every region."""
        parts, area = self.regions
        planes = image.reshape(-1, 3).astype(np.float64).T
        return np.stack(
            [np.bincount(parts, p, len(area)) / np.maximum(np.bincount(parts), 1) for p in planes]
        )


Predictor = Callable[[Page], np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--pages", required=True)
    parser.add_argument("--drawings", type=Path)
    parser.add_argument("--split", default="test")
    parser.add_argument("--model", action="append", default=[], help="LABEL=WEIGHTS[,key=value...] of cgan")
    parser.add_argument("--beside", type=Path, help="results.json of another version, whose rows are added")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    methods = controls(options.pages)
    for text in options.model:
        label, _, weights = text.partition("=")
        methods[label] = learned(*weights.split(","))
    earlier = json.loads(options.beside.read_text())["parts"] if options.beside else []
    parts = [measure(*part, methods) for part in sources(options)]
    for part, other in zip(parts, earlier, strict=False):
        known = {row["method"] for row in part["rows"]}
        part["rows"] += [row for row in other["rows"] if row["method"] not in known]
    result = {"colorzoo": colorzoo.__version__, "parts": parts}
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    options.out.with_suffix(".md").write_text(markdown(result))
    print(markdown(result))


def sources(options: argparse.Namespace) -> Iterator[tuple[str, str, list[Page]]]:
    """Yield protocol, fingerprint and pages of each part."""
    pages = open_dataset(options.pages, options.split)
    for name, pens in (("line art of three widths", LINE_PENS), ("screentone of three periods", TONE_PENS)):
        protocol = f"{len(pages)} pictures of {options.pages}, split {options.split}, drawn as {name}"
        inked = [Page(inked_page(s.image, pens[i % len(pens)]), s.image) for i, s in enumerate(pages)]
        yield protocol, pages.fingerprint, inked
    if options.drawings:
        names = sorted(path.name for path in (options.drawings / "ink").iterdir())
        found = [
            Page(*(read(options.drawings / of / name).rgb for of in ("ink", "color"))) for name in names
        ]
        digest = open_dataset(str(options.drawings / "color")).fingerprint
        yield f"{len(found)} pages of OpenMoji drawings kept apart", digest, found


def inked_page(image: np.ndarray, pen: Pen) -> np.ndarray:
    gray = tensor(Picture(image).gray)[None, None]
    page = (255 * drawn(gray, pen)[0][0, 0]).round().byte().numpy()
    return np.repeat(page[..., None], 3, -1)


def controls(address: str) -> dict[str, Predictor]:
    """Return the methods that have not learned to see, and one that is told the true colours."""
    train = packed_cache(open_dataset(address, "train"), "squash")(FITTED_AT).images
    mean = np.asarray(train[:], np.float32).mean((0, 1, 2))
    return {
        "black and white": lambda page: page.ink,
        "filled with the mean colour": lambda page: (page.ink / 255 * mean).round().astype(np.uint8),
        "the artist's, one colour a region": told,
    }


def told(page: Page) -> np.ndarray:
    lines = line_mask(page.ink[..., 0])
    flats = filled(page.color.astype(np.float32), regions(lines), ~lines, by="mean")
    return (flats * (page.ink / 255)).round().astype(np.uint8)


def learned(weights: str, *pairs: str) -> Predictor:
    model, options = colorzoo.load("cgan", weights), parse_pairs(pairs)
    return lambda page: colorize(model, Picture(page.ink), options)[0].rgb


def measure(protocol: str, fingerprint: str, pages: list[Page], methods: dict[str, Predictor]) -> dict:
    rows = []
    for method, predict in methods.items():
        metrics = {name: registry().find("metric", name).load()() for name in METRICS}
        others: dict[str, list[float]] = {}
        with torch.inference_mode():
            for page in pages:
                result = predict(page)
                for metric in metrics.values():
                    metric.update(batch(result)[:, None], batch(page.color))
                for name, value in looked_at(page, result).items():
                    others.setdefault(name, []).append(value)
        row = {name: metric.compute().value for name, metric in metrics.items()}
        rows.append({"method": method, **row, **{name: float(np.nanmean(v)) for name, v in others.items()}})
        print(rows[-1], flush=True)
    return {"protocol": protocol, "fingerprint": fingerprint, "rows": rows}


def looked_at(page: Page, result: np.ndarray) -> dict[str, float]:
    """Return how far ink and paper are changed, and what became of closed regions."""
    change = np.abs(result.astype(np.int16) - page.ink).max(-1)
    area = page.regions[1]
    means, squares = page.region_means(result), page.region_means(result.astype(np.float64) ** 2)
    spread = np.sqrt(np.maximum(squares - means**2, 0)).mean(0)
    colored = (np.ptp(page.region_means(page.color), 0) >= COLORED) & (area > 0)
    return {
        "ink": float(change[page.darkest].mean()),
        "paper": float(change[page.paper].mean()) if page.paper.any() else np.nan,
        "spread": float(np.average(spread, weights=area)) if area.any() else np.nan,
        "coloured": float((np.ptp(means, 0)[colored] >= COLORED).mean()) if colored.any() else np.nan,
    }


def batch(image: np.ndarray) -> Tensor:
    return tensor(image).permute(2, 0, 1)[None]


def markdown(result: dict) -> str:
    lines = []
    for part in result["parts"]:
        own = part["rows"][0]["mse255"]
        lines += [
            f"{part['protocol']}, fingerprint `{part['fingerprint'][:16]}`:",
            "",
            f"| method | squared error | of {part['rows'][0]['method']}'s | colourfulness "
            "| ink | paper | spread | coloured |",
            "|---|---|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {row['method']} | {row['mse255']:.0f} | {row['mse255'] / own:.2f} "
            f"| {row['colorfulness']:.2f} | {row['ink']:.1f} | {row['paper']:.1f} "
            f"| {row['spread']:.1f} | {row['coloured']:.2f} |"
            for row in part["rows"]
        ]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
