"""Measure whether the distances in the trunk's features tell more damage from less, on real photos.

    python -m bench.ladders natural/photos

Prints both distances for every step of JPEG quality, blur and turned hues. Status 1: a step is not farther.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise

import cv2
import numpy as np
import torch

from colorzoo.core.imaging.image_io import Pixels
from colorzoo.core.interfaces.metric import Metric
from colorzoo.jobs.datasets import open_dataset
from colorzoo.plugins.metrics.trunk_features import MIN_IMAGES_FOR_KD, FeatureDistance, KernelDistance

SIDE = 128


def jpeg(pixels: Pixels, quality: float) -> Pixels:
    coded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(quality)])[1]
    return cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1]


def blurred(pixels: Pixels, sigma: float) -> Pixels:
    return cv2.GaussianBlur(pixels, (0, 0), sigma)


def turned(pixels: Pixels, degrees: float) -> Pixels:
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV_FULL).astype(int)
    hsv[..., 0] = (hsv[..., 0] + round(degrees * 256 / 360)) % 256
    return cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB_FULL)


LADDERS: dict[str, tuple[Callable[[Pixels, float], Pixels], tuple[float, ...]]] = {
    "jpeg": (jpeg, (95, 75, 50, 25, 10)),
    "blur": (blurred, (0.5, 1, 2, 4)),
    "hue": (turned, (10, 30, 60, 90)),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", help="address of a dataset of photos")
    parser.add_argument("--count", type=int, default=MIN_IMAGES_FOR_KD)
    given = parser.parse_args()
    dataset = open_dataset(given.data, "all")
    count = min(given.count, len(dataset))
    pictures = [
        cv2.resize(dataset[index].image, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        for index in range(count)
    ]
    farther = True
    for name, (damage, steps) in LADDERS.items():
        for metric in (FeatureDistance, KernelDistance):
            values = ladder(metric, damage, steps, pictures)
            print(f"{metric.__name__:16} {name:5}", *(f"{value:9.5f}" for value in values), flush=True)
            farther &= all(one < other for one, other in pairwise(values))
    return not farther


def ladder(
    metric: type[Metric],
    damage: Callable[[Pixels, float], Pixels],
    steps: Sequence[float],
    pictures: Sequence[Pixels],
) -> list[float]:
    """Return the distance of undamaged pictures, of one size, from themselves, then that of each step."""
    sets = [pictures, *([damage(picture, step) for picture in pictures] for step in steps)]
    return [value(metric(), made, pictures) for made in sets]


def value(metric: Metric, predicted: Sequence[Pixels], target: Sequence[Pixels]) -> float:
    """Return what a metric says of one set of pictures beside another."""
    with torch.inference_mode():
        metric.update(_tensor(predicted)[:, None], _tensor(target))
    return float(metric.compute().value)


def _tensor(pictures: Sequence[Pixels]) -> torch.Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float() / 255


if __name__ == "__main__":
    sys.exit(main())
