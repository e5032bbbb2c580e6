"""Measure what features usually are, so that they can be compared: mean and deviation of every channel.

    python -m bench.feature_statistics --data pages:comics/peppercarrot natural/photos

Training pictures only. Writes core/guidance/feature_statistics.safetensors.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import torch
from safetensors.torch import save_file
from torch import Tensor

from colorzoo.core.guidance.correspondence import STATISTICS, raw_features
from colorzoo.core.imaging import color
from colorzoo.jobs.datasets import open_dataset

PICTURES = 100
"""Of each source: every cell of them is counted."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", required=True)
    torch.set_num_threads(1)
    cells = torch.cat([one for address in parser.parse_args().data for one in features(address)])
    save_file({"mean": cells.mean(0), "deviation": cells.std(0)}, STATISTICS)
    print(f"{len(cells):,} cells, {cells.shape[1]} channels")


def features(address: str) -> Iterator[Tensor]:
    """Yield the features (cells, channels) of each training picture."""
    pictures = open_dataset(address, "train")
    for index in range(0, len(pictures), max(1, len(pictures) // PICTURES)):
        rgb = torch.from_numpy(pictures[index].image.copy()).permute(2, 0, 1).float() / 255
        yield raw_features(color.luma(rgb)).flatten(1).T


if __name__ == "__main__":
    main()
