"""Measure how much the colours of a sequence flicker, frame by frame and carried along the motion.

    python -m bench.flicker --photos natural/photos -o docs/results/flicker

Clips: photos of the test split, panned and zoomed smoothly; a pan over scikit-image's astronaut that is
cut to its coffee in the middle. vae-mdn colours every frame by itself, with a sample drawn for each frame
and with the mean. Flicker: chroma against that of the frame before, warped along the motion, where
nothing changes, in levels of RGB. PSNR against the true colours; sharpness: mean gradient of the colour's
RGB. Writes a Markdown table and JSON.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

import colorzoo
from colorzoo.core.guidance.motion import flicker, motion_between, steadied
from colorzoo.core.imaging import color
from colorzoo.core.interfaces.dataset import hash_fraction
from colorzoo.jobs.datasets import open_dataset

FRAMES, SIZE = 24, (192, 256)
"""Length of a clip, and height and width of its frames."""
Clip = Sequence[Tensor]  # sRGB (3, h, w), frame by frame


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", default="natural/photos")
    parser.add_argument("--split", default="test")
    parser.add_argument("--count", type=int, default=8)
    parser.add_argument("--weights", default="default")
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    model = colorzoo.load("vae-mdn", options.weights)
    clips = dict(photo_clips(options.photos, options.split, options.count)) | dict(sample_clips())
    rows = []
    for name, clip in clips.items():
        for mode in ("sample", "mean"):
            rows += measured(name, clip, mode, colored(model, clip, mode))
            print(*rows[-2:], sep="\n", flush=True)
    result = {"colorzoo": colorzoo.__version__, "model": f"vae-mdn:{options.weights}", "rows": rows}
    options.out.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    options.out.with_suffix(".md").write_text(markdown(result))
    print(markdown(result))


def photo_clips(address: str, split: str, count: int) -> Iterator[tuple[str, Clip]]:
    """Yield clips over the last photos of a split, ordered by hash."""
    pictures = open_dataset(address, split)
    ids = pictures.ids()
    for index in sorted(range(len(ids)), key=lambda i: -hash_fraction(ids[i]))[:count]:
        yield f"photo {ids[index]}", moved(pictures[index].image)


def sample_clips() -> Iterator[tuple[str, Clip]]:
    """Yield a clip of scikit-image's sample pictures, with a cut in its middle."""
    from skimage import data

    half = FRAMES // 2
    yield "astronaut, cut to coffee", [*moved(data.astronaut())[:half], *moved(data.coffee())[half:]]


def moved(image: np.ndarray) -> Clip:
    """Return a clip of a picture: from its whole to a part that is off its middle."""
    height, width = image.shape[:2]
    frames = []
    for number in range(FRAMES):
        share = number / (FRAMES - 1)
        scale = 1 - 0.35 * share
        side = np.array([width, height]) * scale
        left, top = (np.array([width, height]) - side) * np.array([0.2 + 0.6 * share, 0.8 - 0.5 * share])
        zoom = np.array([[side[0] / SIZE[1], 0, left], [0, side[1] / SIZE[0], top]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        frame = cv2.warpAffine(image, zoom, SIZE[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
        frames.append(torch.from_numpy(frame).permute(2, 0, 1).float() / 255)
    return frames


def colored(model: colorzoo.Colorizer, clip: Clip, mode: str) -> list[Tensor]:
    """Return the chroma of every frame, each coloured by itself."""
    options = [{"mode": "mean"} if mode == "mean" else {"seed": number} for number in range(len(clip))]
    with torch.inference_mode():
        answers = [model(color.luma(f)[None], **o)[0, 0] for f, o in zip(clip, options, strict=True)]
    return [color.chroma(answer) for answer in answers]


def measured(name: str, clip: Clip, mode: str, own: Sequence[Tensor]) -> list[dict]:
    """Return the rows of a clip: frame by frame, and carried along the motion."""
    luma = [color.luma(frame) for frame in clip]
    motions = [motion_between(before, after) for before, after in pairwise(luma)]
    carried = list(steadied(zip(luma, own, strict=True)))
    rows = []
    for method, chroma in (("frame by frame", own), ("carried", carried)):
        pairs = zip(pairwise(chroma), motions, strict=True)
        rgb = [color.recombine(y, c) for y, c in zip(luma, chroma, strict=True)]
        rows.append({
            "clip": name, "mode": mode, "method": method,
            "flicker": float(np.mean([flicker(*pair, motion) for pair, motion in pairs])),
            "psnr": float(np.mean([psnr(a, b) for a, b in zip(rgb, clip, strict=True)])),
            "sharpness": float(np.mean([sharpness(frame) for frame in rgb])),
            "cuts": sum(motion.is_cut for motion in motions),
        })  # fmt: skip
    return rows


def psnr(predicted: Tensor, true: Tensor) -> float:
    return -10 * float((predicted - true).square().mean().log10())


def sharpness(rgb: Tensor) -> float:
    """Return the mean length of the gradient over pixels and channels, in levels."""
    down, right = rgb[:, 1:, :-1] - rgb[:, :-1, :-1], rgb[:, :-1, 1:] - rgb[:, :-1, :-1]
    return 255 * float((down**2 + right**2).sqrt().mean())


def markdown(result: Mapping) -> str:
    lines = [
        f"`{result['model']}`, every frame coloured by itself; clips of {FRAMES} frames, "
        f"{SIZE[1]}x{SIZE[0]}. Flicker and sharpness in levels of RGB, PSNR in dB; frame by frame, then "
        "carried along the motion.",
        "",
        "| clip | colours | flicker | carried | of it | PSNR | carried | sharpness | carried |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for own, carried in zip(result["rows"][::2], result["rows"][1::2], strict=True):
        lines.append(
            f"| {own['clip']} | {own['mode']} | {own['flicker']:.2f} | {carried['flicker']:.2f} "
            f"| {carried['flicker'] / own['flicker']:.2f} | {own['psnr']:.2f} | {carried['psnr']:.2f} "
            f"| {own['sharpness']:.2f} | {carried['sharpness']:.2f} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
