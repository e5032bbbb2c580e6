"""Speed and memory of cgan, as ratios and sizes measured in one run.

    python -m bench.cgan_speed [-o docs/results/cgan_speed]

step       one training step at width 64, 512x512, batch 1, against pix2pix the textbook way: float32,
           default memory layout, plain Adam; of the default preset, and of the very same networks
inference  both generators at width 64, 512x512, made fast, against the same networks in float32
memory     peak of `colorzoo run cgan` on pages of 1536x1536 and 4096x4096
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from bench import table
from colorzoo.core.config import from_preset
from colorzoo.core.devices import bfloat16_is_fast
from colorzoo.core.imaging.image_io import Picture, write
from colorzoo.core.inference.optimize import optimize_for_inference
from colorzoo.core.interfaces.stage import Batch
from colorzoo.plugins.cgan.config import CGanConfig
from colorzoo.plugins.cgan.model import CGan
from colorzoo.plugins.cgan.networks import Discriminator, Pix2Pix, Resizing

WIDE = ["width=64", "discriminator_width=64", "size=512", "crop=none"]
PATCHES = ["spectral_norm=false", "discriminator=patch", "absolute_weight=100", "squared_weight=0"]


def step(pairs: int = 3) -> dict[str, float]:
    """Time all ways in turn, so that a busy machine slows every one."""
    ways = {
        "textbook": textbook_step(),
        "default preset": our_step(from_preset(CGanConfig, "default", WIDE)),
        "same networks": our_step(from_preset(CGanConfig, "paper", [*WIDE, *PATCHES])),
    }
    for way in ways.values():
        way()
    times = [{name: seconds(way) for name, way in ways.items()} for _ in range(pairs)]
    found = {f"{name}, seconds": statistics.median(t[name] for t in times) for name in ways}
    for name in ("default preset", "same networks"):
        found[f"{name}, ratio"] = statistics.median(t["textbook"] / t[name] for t in times)
    return found


def our_step(config: CGanConfig) -> Callable[[], None]:
    torch.manual_seed(0)
    stage = CGan(config).stages()[0]
    batch = Batch.of(torch.rand(1, 3, 512, 512))
    optimizers = {}
    for name, network in stage.networks.items():
        network.train().to(memory_format=torch.channels_last)
        optimizers[name] = stage.optimizer(name, network.parameters())
    fast = bfloat16_is_fast(torch.device("cpu"))

    def take() -> None:
        for name, optimizer in optimizers.items():
            with torch.autocast("cpu", torch.bfloat16, enabled=fast):
                loss = sum(stage.losses(name, batch).values())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return take


def textbook_step() -> Callable[[], None]:
    torch.manual_seed(0)
    generator = Pix2Pix(3, 64)
    judge = Discriminator(from_preset(CGanConfig, "paper", [*WIDE, *PATCHES]))
    optimizers = [
        torch.optim.Adam(net.parameters(), lr=2e-4, betas=(0.5, 0.999)) for net in (generator, judge)
    ]
    real = torch.rand(1, 3, 512, 512)
    gray = real.mean(1, keepdim=True)
    bce = F.binary_cross_entropy_with_logits

    def take() -> None:
        made = generator(gray).sigmoid()
        verdict_made, verdict_real = judge(gray, made.detach()), judge(gray, real)
        ones, zeros = torch.ones_like(verdict_real), torch.zeros_like(verdict_made)
        optimizers[1].zero_grad()
        ((bce(verdict_made, zeros) + bce(verdict_real, ones)) / 2).backward()
        optimizers[1].step()
        judge.requires_grad_(False)
        optimizers[0].zero_grad()
        (bce(judge(gray, made), ones) + 100 * (made - real).abs().mean()).backward()
        optimizers[0].step()
        judge.requires_grad_(True)

    return take


def inference(runs: int = 5) -> dict[str, dict[str, float]]:
    found = {}
    gray = torch.rand(1, 1, 512, 512)
    for name, network in {"resizing": Resizing(2, 64), "pix2pix": Pix2Pix(3, 64)}.items():
        with torch.no_grad():
            network.train()
            for _ in range(2):  # batch norms as after training
                network(torch.rand(2, 1, 512, 512))
            network.eval()
        fast = optimize_for_inference(network)
        ready = gray.to(next(fast.parameters()).dtype, memory_format=torch.channels_last)
        with torch.inference_mode():
            expected, got = network(gray), fast(ready)
            times = [(seconds(lambda: network(gray)), seconds(lambda: fast(ready))) for _ in range(runs)]  # noqa: B023
        spread = float(expected.max() - expected.min())
        found[name] = {
            "float32, seconds": statistics.median(slow for slow, _ in times),
            "fast, seconds": statistics.median(quick for _, quick in times),
            "ratio": statistics.median(slow / quick for slow, quick in times),
            "largest difference, of the range": float((expected - got).abs().max()) / spread,
            "mean difference, of the range": float((expected - got).abs().mean()) / spread,
        }
    return found


def memory() -> dict[str, float]:
    """Return the peak in MiB of whole processes, import of torch included."""
    found = {}
    for side in (1536, 4096):
        with tempfile.TemporaryDirectory() as folder:
            page = Path(folder) / "page.png"
            write(page, Picture(drawn(side)))
            for seen in ("none", "0"):
                command = [sys.executable, "-m", "colorzoo", "run", "cgan", str(page), "-o", folder]
                name = f"{side}x{side}" + (", side=0" if seen == "0" else "")
                found[name] = peak([*command, "-O", f"side={seen}"])
    return found


def peak(command: list[str]) -> float:
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=-3);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)"
    )
    whole = [sys.executable, "-c", code, *command]
    done = subprocess.run(whole, capture_output=True, text=True, check=True)
    return float(done.stdout)


def drawn(side: int) -> np.ndarray:
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / 40
    shade = 160 + 60 * np.sin(x) * np.cos(y)
    shade[(x % 5 < 0.1) | (y % 7 < 0.1)] = 0
    return np.repeat(shade[..., None], 3, -1).astype(np.uint8)


def seconds(action: Callable[[], object]) -> float:
    before = resource.getrusage(resource.RUSAGE_SELF)
    action()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    table.main(__doc__, {"step": step, "inference": inference, "memory": memory})
