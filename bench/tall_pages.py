"""Whether cgan colours tall and narrow pages, and the same at every call: webtoon strips are that shape.

    python -m bench.tall_pages [-o docs/results/tall_pages] [--pages 100] [--calls 3]

pages      tall pages of many sizes, each coloured several times on one and on two threads: how many had
           NaN, how many differed between the calls on the same number of threads
widths     every working width from 1 to 64, 512 tall, likewise; and with float32 for narrow inputs off
layers     the convolutions of the bfloat16 copy on 512x32, each on the input it gets there: NaN, unequal
           calls and the largest difference from float32; those that are sound are left out

The last two need a processor that computes bfloat16; on others they say so.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from bench import table
from colorzoo.core.devices import bfloat16_is_fast
from colorzoo.core.inference.optimize import OptimizedCopy, optimize_for_inference
from colorzoo.plugins.cgan.config import CGanOptions
from colorzoo.plugins.cgan.model import CGan

THREADS = (1, 2)
NO_BFLOAT16 = "this processor does not compute bfloat16"


def model() -> CGan:
    """Return an untrained cgan whose batch norms have seen pictures."""
    torch.manual_seed(0)
    colorizer = CGan()
    with torch.no_grad():
        colorizer.generator.train()(torch.rand(4, 1, 64, 64))
    return colorizer.eval()


@torch.inference_mode()
def repeated(colorizer: CGan, gray: Tensor, calls: int) -> dict[str, bool]:
    """Say whether a page (1, 1, H, W) had NaN and whether the calls differed."""
    results = [colorizer.colorize(gray, CGanOptions()) for _ in range(calls)]
    return {
        "nan": any(bool(result.isnan().any()) for result in results),
        "unequal": any(not torch.equal(results[0], other) for other in results[1:]),
    }


def tall(count: int) -> Iterator[Tensor]:
    """Yield pages from 1 to 32 wide and from 15 to 40 times as tall."""
    generator = torch.Generator().manual_seed(1)
    for index in range(count):
        width = 1 + index * 7 % 32
        height = width * int(torch.randint(15, 41, (), generator=generator))
        yield torch.rand(1, 1, height, width, generator=generator)


def counted(colorizer: CGan, grays: list[Tensor], calls: int) -> dict[str, dict[str, int]]:
    totals = {}
    for threads in THREADS:
        torch.set_num_threads(threads)
        rows = [repeated(colorizer, gray, calls) for gray in grays]
        totals[f"{threads} threads"] = {
            "pages": len(rows), "NaN": sum(row["nan"] for row in rows),
            "unequal": sum(row["unequal"] for row in rows),
        }  # fmt: skip
    return totals


def widths(calls: int) -> object:
    if not bfloat16_is_fast(torch.device("cpu")):
        return NO_BFLOAT16
    grays = [torch.rand(1, 1, 512, width) for width in range(1, 65)]
    shipped, unguarded = model(), model()
    unguarded._fast = OptimizedCopy(narrow=0)
    return {"as it is": counted(shipped, grays, calls), "bfloat16": counted(unguarded, grays, calls)}


def layers(calls: int) -> object:
    if not bfloat16_is_fast(torch.device("cpu")):
        return NO_BFLOAT16
    network = optimize_for_inference(model().generator)
    inputs: dict[str, Tensor] = {}
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_pre_hook(lambda _, x, name=name: inputs.setdefault(name, x[0].clone()))
    with torch.inference_mode():
        network(torch.rand(1, 1, 512, 32).to(torch.bfloat16, memory_format=torch.channels_last))
    found = {}
    for threads in THREADS:
        torch.set_num_threads(threads)
        for name, x in inputs.items():
            row = unsound(network.get_submodule(name), x.nan_to_num(), calls)
            if row:
                found[f"{threads} threads, {name} {tuple(x.shape)}"] = row
    return found


@torch.inference_mode()
def unsound(layer: nn.Module, x: Tensor, calls: int) -> dict[str, object]:
    """Compare a layer's calls with each other and with float32; return nothing if it is sound."""
    results = [layer(x).float() for _ in range(calls)]
    exact = nn.functional.conv2d(
        x.float(), layer.weight.float(), None if layer.bias is None else layer.bias.float(),
        layer.stride, layer.padding,
    )  # fmt: skip
    error = max(float((result - exact).abs().max()) for result in results) / float(exact.abs().max())
    unequal = any(not torch.equal(results[0], other) for other in results[1:])
    row = {"unequal": unequal, "largest error, of the range": error}
    return row if unequal or not error < 0.02 else {}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--calls", type=int, default=3)
    options = parser.parse_args()
    result = {
        "processor": torch.backends.cpu.get_cpu_capability(),
        "bfloat16": bfloat16_is_fast(torch.device("cpu")),
        "pages": counted(model(), list(tall(options.pages)), options.calls),
        "widths": widths(options.calls),
        "layers": layers(options.calls),
    }
    table.show(result, options.out)


if __name__ == "__main__":
    main()
