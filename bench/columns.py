"""Fit a choice of flat colours on features of a trunk that stays: minutes of one core.

    python -m bench.columns --data data/drawings/train --data panels:PATH -o runs/inked

The trunk sees every crop once; its features at a few places are kept, and what chooses colours by them is
learned from places of all crops at once. `colorzoo train cgan --preset inked --init` can go on with it.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import colorzoo
from colorzoo.core.config import from_preset
from colorzoo.core.data.packed import Packed, pack
from colorzoo.core.trunk.efficientnet import Lite0
from colorzoo.core.weights import folder as store
from colorzoo.hub.card import card
from colorzoo.jobs.datasets import open_datasets
from colorzoo.jobs.train import hardware
from colorzoo.plugins.cgan import color_grid
from colorzoo.plugins.cgan.config import CGanConfig
from colorzoo.plugins.cgan.inking import Drawn
from colorzoo.plugins.cgan.model import CGan
from colorzoo.plugins.cgan.networks import Columns
from colorzoo.plugins.cgan.training import cropped

CROPS, PLACES = 8, 128
"""Crops drawn at once, and places kept of each."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", action="append", required=True)
    parser.add_argument("--batches", type=int, default=250, help="of eight crops")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--places", type=int, default=1024, help="in a step")
    parser.add_argument("--set", dest="set_", action="append", default=[])
    parser.add_argument("--license", default="apache-2.0")
    parser.add_argument("--credit", default="")
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    start = time.monotonic()
    model = CGan(from_preset(CGanConfig, "inked", options.set_))
    assert isinstance(model.generator, Columns)
    dataset = open_datasets(options.data, prefer="train")
    packed = pack(dataset, model.config.size, "squash")
    columns, colors, weights = known_places(model, packed, options.batches)
    print(f"{len(columns):,} places, {time.monotonic() - start:.0f} s", flush=True)
    fit(model.generator, model.config.color_levels, columns, colors, weights, options)
    trained = store.TrainedOn(
        dataset=" + ".join(options.data), split=dataset.split, license=dataset.info.license,
        fingerprint=dataset.fingerprint, pictures=len(dataset), seed=0,
        command=shlex.join(["python", "-m", "bench.columns", *sys.argv[1:]]),
        minutes=round((time.monotonic() - start) / 60, 1), hardware=hardware("cpu"),
    )  # fmt: skip
    info = store.WeightsInfo(
        plugin="cgan", distribution="colorzoo", name="inked", colorzoo_version=colorzoo.__version__,
        summary="Flat colours under the ink of black-and-white pages",
        license=options.license, credit=options.credit,
        config=model.config.model_dump(mode="json"), trained_on=trained,
    )  # fmt: skip
    options.out.mkdir(parents=True, exist_ok=True)
    store.save(options.out, model.eval(), info, card, half=True)
    print(options.out)


@torch.no_grad()
def known_places(model: CGan, packed: Packed, batches: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return features (P, 512), true colours (P, 3) and weights (P,) of places of pages drawn at random."""
    rows: list[tuple[Tensor, Tensor, Tensor]] = []
    for number in range(batches):
        chosen = np.sort(np.random.default_rng(number).integers(0, len(packed), CROPS))
        pictures = torch.from_numpy(packed.images[chosen]).permute(0, 3, 1, 2).float() / 255
        pictures = torch.where(torch.rand(CROPS, 1, 1, 1) < 0.5, pictures.flip(-1), pictures)
        drawn = Drawn.at_random(cropped(pictures, model.config.crop or model.config.size))
        with torch.autocast("cpu", torch.bfloat16):
            features = model.generator.trunk(drawn.gray.contiguous(memory_format=torch.channels_last))
        places = 2 * torch.rand(CROPS, 1, PLACES, 2) - 1
        column = torch.cat([at(f.float(), places) for f in features], 1)
        seen = F.avg_pool2d(torch.cat([drawn.color, drawn.lines], 1), model.generator.scale)
        rows.append((column.half(), *at(seen, places).split([3, 1], 1)))
        if number % 50 == 0:
            print(f"{number} of {batches} batches", flush=True)
    columns, colors, weights = (
        torch.cat(part).transpose(1, 2).flatten(0, 1) for part in zip(*rows, strict=True)
    )
    return columns, colors, weights


def at(field: Tensor, places: Tensor) -> Tensor:
    """Return (N, C, P), bilinear, of a field (N, C, H, W) at places (N, 1, P, 2) in [-1, 1]."""
    return F.grid_sample(field, places, padding_mode="border", align_corners=False)[:, :, 0]


def fit(
    generator: Columns,
    levels: int,
    columns: Tensor,
    colors: Tensor,
    weights: Tensor,
    options: argparse.Namespace,
) -> None:
    """Learn on standardised columns, and put the standardisation into the first layers."""
    mean, deviation = columns.float().mean(0), columns.float().std(0).clamp_min(1e-3)
    parts = [*generator.levels, *generator.rest]
    parameters = [p for part in parts for p in part.parameters()]
    optimizer = torch.optim.AdamW(parameters, 2e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 2e-3, options.steps, pct_start=0.05)
    total = 0.0
    for step in range(options.steps):
        chosen = torch.randint(len(columns), (options.places,))
        x = ((columns[chosen].float() - mean) / deviation).T[None, :, :, None]
        truth = colors[chosen].T[None, :, :, None]
        with torch.autocast("cpu", torch.bfloat16):
            logits = generator.judged(x.split(Lite0.widths, 1))
        loss = color_grid.cross_entropy(logits, truth, levels, weights[chosen].T[None, :, :, None])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        total += loss.item()
        if (step + 1) % 200 == 0:
            print(f"step {step + 1}: {total / 200:.3f}", flush=True)
            total = 0.0
    with torch.no_grad():
        for level, m, d in zip(
            generator.levels, mean.split(Lite0.widths), deviation.split(Lite0.widths), strict=True
        ):
            absorb(level, m, d)


def absorb(level: nn.Conv2d, mean: Tensor, deviation: Tensor) -> None:
    """Let a layer take what it has been given standardised."""
    level.weight.div_(deviation[:, None, None])
    level.bias.sub_(torch.einsum("oi,i->o", level.weight[..., 0, 0], mean))


if __name__ == "__main__":
    main()
