"""Train the linear head that tells what a grey picture is of, and measure it on pictures kept apart.

    python -m bench.domains --face lfw:DIR --photo DIR --painted pages:DIR -o docs/results/domains

Inked pages are drawn from the painted ones, as line art and as screentone, at several sizes; photos are
shown as they are and faded, grainy or blurred. A fifth of faces and photos, by hash of the name (of faces:
of the person), and the chapters of the split `val` are not trained on.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from bench import table
from colorzoo.core.domains import DOMAINS
from colorzoo.core.imaging.color import luma, resize_area
from colorzoo.core.imaging.line_art import line_art, screentone
from colorzoo.core.interfaces.dataset import hash_fraction
from colorzoo.core.trunk.domain_network import HEAD, DomainNetwork
from colorzoo.core.trunk.efficientnet import pretrained_state
from colorzoo.jobs.datasets import open_dataset
from colorzoo.plugins.vae_mdn.training import aged

HELD_OUT = 0.2
MOST = 1500
"""Pictures of a dataset, at most."""
PAGE_SIDES = (320, 512, 800)
STEPS, DECAY = 2000, 1e-3
Examples = Iterator[tuple[Tensor, bool]]  # grey (1, 1, H, W), and whether it is kept apart


def photos(address: str) -> Examples:
    """Yield photos, each as it is and as an old one."""
    dataset = open_dataset(address, "train")
    names = sorted(dataset.ids(), key=hash_fraction)[:MOST]
    index = {name: number for number, name in enumerate(dataset.ids())}
    for name in names:
        gray = gray_of(dataset[index[name]].image)
        held_out = hash_fraction(Path(name).parent.name or name) < HELD_OUT
        yield gray, held_out
        yield aged(resize_area(gray, (224, 224)), 1.0), held_out


def pages(address: str) -> Examples:
    """Yield whole pages and their upper halves."""
    for split, held_out in (("train", False), ("val", True)):
        for sample in open_dataset(address, split):
            gray = gray_of(sample.image)
            yield gray, held_out
            yield gray[..., : gray.shape[-2] // 2, :], held_out


def inked(address: str) -> Examples:
    """Yield pages as line art and as screentone, drawn at several sizes."""
    for page, held_out in pages(address):
        for side in PAGE_SIDES:
            scale = side / max(page.shape[-2:])
            smaller = resize_area(page, (round(scale * page.shape[-2]), round(scale * page.shape[-1])))
            yield line_art(smaller), held_out
            yield screentone(smaller), held_out


def gray_of(image: np.ndarray) -> Tensor:
    return luma(torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float() / 255)


def features(network: DomainNetwork, examples: Iterable[tuple[Tensor, bool]]) -> tuple[Tensor, Tensor]:
    with torch.inference_mode():
        rows = [(network.pooled(gray)[0], held_out) for gray, held_out in examples]
    return torch.stack([row for row, _ in rows]), torch.tensor([held_out for _, held_out in rows])


def fitted(network: DomainNetwork, x: Tensor, labels: Tensor) -> nn.Linear:
    """Fit the head by logistic regression, every domain with the same weight."""
    weights = 1 / torch.bincount(labels, minlength=len(DOMAINS)).float()
    head = network.head
    optimizer = torch.optim.AdamW(head.parameters(), 1e-3, weight_decay=DECAY)
    for _ in range(STEPS):
        loss = nn.functional.cross_entropy(head(x), labels, weights / weights.mean())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return head


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--face", action="append", required=True)
    parser.add_argument("--photo", action="append", required=True)
    parser.add_argument("--painted", action="append", required=True)
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    torch.manual_seed(0)
    network = DomainNetwork().eval()
    network.network.load_state_dict(pretrained_state())
    examples = {
        "face": chain.from_iterable(map(photos, options.face)),
        "photo": chain.from_iterable(map(photos, options.photo)),
        "painted": chain.from_iterable(map(pages, options.painted)),
        "inked": chain.from_iterable(map(inked, options.painted)),
    }
    known = [features(network, examples[domain]) for domain in DOMAINS]
    x, held_out = torch.cat([f for f, _ in known]), torch.cat([h for _, h in known])
    labels = torch.cat([torch.full((len(f),), number) for number, (f, _) in enumerate(known)])
    head = fitted(network, x[~held_out].clone(), labels[~held_out])
    save_file({name: tensor.detach().half() for name, tensor in head.state_dict().items()}, HEAD)
    with torch.inference_mode():
        answers = head(x[held_out]).argmax(1)
    table.show(measured(answers, labels[held_out], len(x) - len(answers)), options.out)


def measured(answers: Tensor, truth: Tensor, trained_on: int) -> dict[str, object]:
    """Return what was answered of each domain, in per cent."""
    rows = {
        domain: {
            "pictures": int((truth == number).sum()),
            **{
                f"taken for {other}, %": per_cent(answers[truth == number] == column)
                for column, other in enumerate(DOMAINS)
            },
        }
        for number, domain in enumerate(DOMAINS)
    }
    return {"right, %": per_cent(answers == truth), "trained on": trained_on, **rows}


def per_cent(true: Tensor) -> float:
    return round(float(true.float().mean()) * 100, 1)


if __name__ == "__main__":
    main()
