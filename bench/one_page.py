"""Measure what one coloured page, or a few crops of a character, teach for the rest of a chapter.

    python -m bench.one_page --comics comics/peppercarrot --split val -o docs/results/one_page_val
    python -m bench.one_page --comics comics/peppercarrot --split test -o docs/results/one_page

Crops: boxes around one character, chosen by hand; those of one page teach, those on the other pages of the
chapter are coloured. Pages: the page of median colourfulness teaches, all others of its chapter, without
the cover, are coloured, at half their size. Errors are mean squared, 0-255 RGB, over crops or pages of
all chapters, with the luma given. Settings were chosen on val. Writes a Markdown table and JSON, and with
--picture a sheet.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import colorzoo
from colorzoo.core.guidance.reference import as_reference
from colorzoo.core.imaging import color
from colorzoo.core.imaging.image_io import Picture, Pixels, read, resize
from colorzoo.core.inference.colorize import colorize
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.core.registry import registry
from colorzoo.jobs.train import run_training
from colorzoo.jobs.train_options import job_of

Box = tuple[int, int, int, int]  # left, top, right, bottom
BINS = 32
METRICS = ("mse255", "colorfulness")
CHAPTERS = {"val": ("ep03", "ep13"), "test": ("ep11", "ep17")}
Asked = list[tuple[str, Box]]  # pages and boxes
CHARACTERS: Mapping[str, Mapping[str, tuple[str, list[Box], Asked]]] = {
    "val": {
        "ep03 Pepper": ("P04", [(150, 530, 560, 830), (40, 860, 330, 1350), (60, 1080, 330, 1350)], [
            ("P01", (660, 900, 940, 1350)), ("P02", (560, 470, 770, 730)), ("P02", (680, 880, 850, 1110)),
            ("P02", (690, 1150, 930, 1350)), ("P03", (370, 230, 600, 600)), ("P03", (40, 1030, 500, 1350)),
            ("P05", (420, 830, 740, 1230)), ("P05", (390, 230, 680, 560)), ("P06", (270, 330, 460, 640)),
            ("P07", (390, 370, 680, 790)), ("P07", (450, 830, 830, 1340)),
        ]),
        "ep03 Carrot": ("P04", [(340, 1030, 620, 1310), (660, 1080, 940, 1300), (730, 620, 940, 800)], [
            ("P05", (270, 730, 460, 1050)), ("P05", (390, 280, 510, 500)), ("P06", (90, 460, 230, 640)),
            ("P07", (80, 600, 270, 790)), ("P07", (30, 1220, 300, 1350)),
        ]),
        "ep13 Pepper": ("P04", [(280, 590, 740, 810), (390, 640, 560, 810)], [
            ("P01", (540, 1030, 820, 1350)), ("P02", (80, 150, 390, 560)), ("P02", (540, 700, 760, 1040)),
            ("P05", (50, 200, 290, 500)), ("P06", (610, 790, 820, 1150)),
        ]),
    },
    "test": {
        "ep17 Pepper": ("P01", [(570, 260, 820, 680), (590, 750, 920, 1010), (640, 1050, 850, 1290)], [
            ("P02", (430, 430, 600, 690)), ("P02", (450, 960, 620, 1150)), ("P03", (450, 350, 740, 560)),
            ("P03", (480, 630, 760, 820)), ("P03", (520, 930, 760, 1250)), ("P04", (180, 50, 490, 350)),
            ("P04", (480, 400, 950, 780)), ("P04", (530, 880, 780, 1350)), ("P05", (280, 400, 500, 860)),
            ("P05", (580, 560, 760, 860)), ("P05", (490, 1030, 780, 1330)), ("P07", (100, 130, 300, 400)),
            ("P07", (430, 480, 760, 690)), ("P07", (260, 900, 600, 1300)),
        ]),
        "ep17 Carrot": ("P01", [(500, 490, 680, 720), (390, 1120, 640, 1270)], [
            ("P02", (50, 900, 270, 1160)), ("P03", (130, 380, 370, 560)), ("P03", (340, 600, 520, 820)),
            ("P04", (530, 1000, 680, 1180)), ("P05", (40, 570, 260, 820)), ("P05", (240, 1170, 430, 1320)),
            ("P06", (60, 1120, 240, 1350)), ("P07", (30, 280, 160, 440)), ("P07", (430, 1030, 570, 1250)),
        ]),
        "ep11 Pepper": ("P04", [(280, 50, 640, 270), (510, 760, 900, 1110), (440, 1150, 720, 1350)], [
            ("P01", (360, 1130, 560, 1350)), ("P02", (280, 310, 640, 560)), ("P03", (250, 180, 460, 490)),
            ("P03", (520, 740, 690, 1010)), ("P03", (370, 1060, 530, 1330)), ("P05", (500, 560, 700, 900)),
            ("P06", (470, 310, 830, 570)), ("P06", (690, 920, 880, 1280)),
        ]),
    },
}  # fmt: skip

STEPS: Mapping[str, dict] = {
    "trust=1": {"trust": 1.0},
    "regions": {"regions": True},
    "saturation=1.3": {"saturation": 1.3},
    "colors=16": {"colors": 16},
    "all of these steps": {"trust": 1.0, "regions": True, "saturation": 1.3, "colors": 16},
}


class Case(NamedTuple):
    """Pictures that teach, and those that are coloured."""

    name: str
    teach: list[Pixels]
    asked: list[Pixels]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comics", type=Path, required=True)
    parser.add_argument("--split", choices=list(CHAPTERS), default="val")
    parser.add_argument("--picture", type=Path, help="where to write a sheet of the crops")
    parser.add_argument("--set", action="append", default=[], help="fields of the configuration")
    parser.add_argument("--only", default="", help="cases whose name has this")
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    parts, shown = [], {}
    for title, cases in (
        ("crops of a character", characters(options.comics, options.split)),
        ("whole pages", pages(options.comics, options.split)),
    ):
        measured = Measured()
        for case in cases:
            if options.only in case.name:
                shown[case.name] = measured.add(case, options.set)
                print(case.name, json.dumps(measured.rows()), flush=True)
        parts += [measured.part(f"{title}, split {options.split}")] if measured.cases else []
    result = {"colorzoo": colorzoo.__version__, "split": options.split, "parts": parts}
    options.out.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    options.out.with_suffix(".md").write_text(markdown(result))
    if options.picture:
        sheet([row for name, rows in shown.items() if " " in name for row in rows]).save(
            options.picture, quality=82
        )


def characters(root: Path, split: str) -> Iterator[Case]:
    for name, (page, boxes, asked) in CHARACTERS[split].items():
        chapter = name.split()[0]
        teach = [cut(root, chapter, page, box) for box in boxes]
        yield Case(name, teach, [cut(root, chapter, other, box) for other, box in asked])


def pages(root: Path, split: str) -> Iterator[Case]:
    for chapter in CHAPTERS[split]:
        files = sorted((root / chapter).glob("*P*.jpg"))
        pictures = [read(file).rgb for file in files]
        spread = [float(color.chroma(tensor(one)).norm(dim=0).mean()) for one in pictures]
        teacher = int(np.argsort(spread)[len(spread) // 2])
        rest = [one for index, one in enumerate(pictures) if index != teacher]
        yield Case(chapter, [pictures[teacher]], [halved(one) for one in rest])


def halved(picture: Pixels) -> Pixels:
    return resize(picture, picture.shape[1] // 2, picture.shape[0] // 2)


def cut(root: Path, chapter: str, page: str, box: Box) -> Pixels:
    left, top, right, bottom = box
    return read(root / chapter / f"pc_E{chapter[2:]}{page}.jpg").rgb[top:bottom, left:right].copy()


class Measured:
    """Errors and colourfulness of every method over the cases."""

    def __init__(self) -> None:
        self.metrics: dict[str, dict] = {}
        self.cases: list[dict] = []

    def add(self, case: Case, settings: list[str]) -> list[list[Pixels]]:
        """Teach, colour and measure; return rows of pictures to show."""
        began = time.monotonic()
        model = taught(case.teach, settings)
        self.cases.append({"name": case.name, "taught by": len(case.teach), "asked": len(case.asked),
                           "minutes": (time.monotonic() - began) / 60})  # fmt: skip
        general, table, mean = colorzoo.load("cgan"), *statistics(case.teach)
        rows = []
        for truth in case.asked:
            answers = answers_of(truth, model, general, case.teach, table, mean, steps=" " in case.name)
            for name, rgb in answers.items():
                own = self.metrics.setdefault(
                    name, {m: registry().find("metric", m).load()() for m in METRICS}
                )
                for metric in own.values():
                    metric.update(rgb[None, None], tensor(truth)[None])
            rows.append([pixels(answers[name]) for name in ("grey", "cgan", "one-page")] + [truth])
        return rows

    def rows(self) -> list[dict]:
        values = {n: {k: m.compute().value for k, m in own.items()} for n, own in self.metrics.items()}
        return [{"method": name, **own} for name, own in values.items()]

    def part(self, title: str) -> dict:
        return {"title": title, "cases": self.cases, "rows": self.rows()}


def taught(pictures: list[Pixels], settings: list[str]) -> colorzoo.Colorizer:
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{index}.png" for index in range(len(pictures))]
        for file, picture in zip(files, pictures, strict=True):
            Image.fromarray(picture).save(file)
        values = {"name": "one-page", "data": list(map(str, files)), "set_": settings, "threads": 1}
        job = job_of({**values, "out": Path(folder) / "run", "validate_every": 0}, command="")
        return colorzoo.load("one-page", run_training(job, resume=False))


def statistics(pictures: list[Pixels]) -> tuple[Tensor, Tensor]:
    """Return the teaching pictures' mean chroma by luma (2, BINS), and over all (2,)."""
    flat = torch.cat([tensor(one).flatten(1) for one in pictures], 1)[..., None]
    luma, chroma = color.luma(flat)[0, :, 0], color.chroma(flat)[..., 0]
    bins = (luma * BINS).long().clamp(0, BINS - 1)
    count = torch.bincount(bins, minlength=BINS)
    mean = chroma.mean(1)
    sums = torch.stack([torch.bincount(bins, plane, BINS) for plane in chroma])
    return torch.where(count > 0, sums / count.clamp_min(1), mean[:, None]).float(), mean


def answers_of(
    truth: Pixels, model: colorzoo.Colorizer, general: colorzoo.Colorizer, teach: list[Pixels],
    table: Tensor, mean: Tensor, *, steps: bool,
) -> dict[str, Tensor]:  # fmt: skip
    """Return every method's colouring (3, H, W)."""
    luma = color.luma(tensor(truth))
    bins = (luma[0] * BINS).long().clamp(0, BINS - 1)
    found = {
        "grey": luma.expand(3, -1, -1),
        "mean chroma of what teaches": color.recombine(
            luma, mean[:, None, None].expand(2, *luma.shape[1:])
        ),
        "its chroma given luma": color.recombine(luma, table[:, bins]),
    }
    page = Picture(truth)
    referred = Guidance(references=tuple(map(as_reference, teach)))
    runs = {
        "cgan": (general, {}, Guidance()),
        "cgan, what teaches as --reference": (general, {}, referred),
        "one-page": (model, {}, Guidance()),
        **{
            f"one-page, {name}": (model, options, Guidance())
            for name, options in (STEPS if steps else {}).items()
        },
    }
    for name, (colorizer, options, guidance) in runs.items():
        found[name] = tensor(colorize(colorizer, page, options, guidance)[0].rgb)
    found |= unshrunk(model, luma)
    return found


def unshrunk(model: colorzoo.Colorizer, luma: Tensor) -> dict[str, Tensor]:
    """Return what was taught as it is, and shrunk towards grey by likeness."""
    size = (luma.shape[-2], luma.shape[-1])
    with torch.inference_mode():
        small = color.resize_area(luma[None], model.working_size(size, model.Options()))
        _, answer, known = model.answers(small)
        planes = {"taught, not shrunk": answer, "taught, shrunk to grey": known * answer}
        return {
            n: color.recombine(luma, color.guided_upsample(c, luma[None])[0]) for n, c in planes.items()
        }


def markdown(result: Mapping) -> str:
    lines = []
    for part in result["parts"]:
        grey = part["rows"][0]["mse255"]
        cases = "; ".join(f"{c['name']} ({c['taught by']} for {c['asked']})" for c in part["cases"])
        minutes = max(case["minutes"] for case in part["cases"])
        lines += [f"{part['title']}: {cases}; taught in at most {minutes:.1f} minutes of one thread:", "",
                  "| method | squared error | of grey's | colourfulness |",
                  "|---|---|---|---|"]  # fmt: skip
        lines += [
            f"| {row['method']} | {row['mse255']:.0f} | {row['mse255'] / grey:.2f} "
            f"| {row['colorfulness']:.2f} |"
            for row in part["rows"]
        ]
        lines.append("")
    return "\n".join(lines)


def sheet(rows: list[list[Pixels]], side: int = 150) -> Image.Image:
    """Return columns of pictures: grey, cgan, one-page, truth."""
    out = Image.new("RGB", (side * len(rows), side * 4), "white")
    for x, row in enumerate(rows):
        for y, picture in enumerate(row):
            small = Image.fromarray(picture)
            small.thumbnail((side - 4, side - 4))
            out.paste(small, (x * side, y * side))
    return out


def tensor(picture: Pixels) -> Tensor:
    return torch.from_numpy(picture).permute(2, 0, 1).float() / 255


def pixels(rgb: Tensor) -> Pixels:
    return (255 * rgb).round().byte().permute(1, 2, 0).numpy()


if __name__ == "__main__":
    main()
