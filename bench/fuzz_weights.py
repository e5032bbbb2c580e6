"""Throw damaged weights folders at the loader; only the project's own errors may come out.

    python -m bench.fuzz_weights --cases 100000 -o docs/results/fuzz_weights

Bytes of safetensors files, their headers and config.json are flipped, cut, doubled and replaced by values
that such files like to hold. What loads must be what was saved, or differ in the bytes of tensors alone.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

import torch
from torch import nn

from bench.table import write
from colorzoo.core.config import ColorizerConfig
from colorzoo.core.errors import ColorzooError
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.weights import folder as store

LIKED = [
    0, 1, -1, 2**31, 2**62, 2**63, 2**64, 1e308, float("nan"), None, True, "", "F32", "../x", [], {}, [[]],
    {"dtype": "F32"}, "\0", "ä" * 300,
]  # fmt: skip


class Config(ColorizerConfig):
    width: int = 3
    depth: int = 2


class Small(Colorizer, nn.Module):
    Config = Config

    def __init__(self, config=None):
        super().__init__(config)
        self.config: Config
        sizes = [self.config.width] * min(max(self.config.depth, 0), 9)
        self.layers = nn.ModuleList(nn.Linear(n, n) for n in sizes)
        self.register_buffer("count", torch.zeros(2, dtype=torch.int64))

    def colorize(self, gray, options):
        return gray.expand(-1, 3, -1, -1)[:, None].expand(-1, options.samples, -1, -1, -1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("-o", "--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    chance, found, start = random.Random(options.seed), Counter(), time.perf_counter()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = saved(folder)
        for _ in range(options.cases):
            found[attempt(folder, files, chance)] += 1
    result = {"cases": options.cases, **dict(found.most_common()), "seconds": time.perf_counter() - start}
    print(result)
    if options.out:
        write(options.out, result)


def saved(folder: Path) -> dict[str, bytes]:
    """Save honest weights and return the bytes of the files that will be damaged."""
    torch.manual_seed(0)
    model = Small()
    info = store.WeightsInfo(
        plugin="small", colorzoo_version="0", license="mit", config=model.config.model_dump()
    )
    store.save(folder, model, info, "")
    plain = json.loads((folder / store.CONFIG).read_text())
    (folder / store.CONFIG).write_text(json.dumps({**plain, "sha256": ""}))  # or it would catch everything
    return {name: (folder / name).read_bytes() for name in (store.CONFIG, store.TENSORS)}


def attempt(folder: Path, files: dict[str, bytes], chance: random.Random) -> str:
    """Damage one file, load, and say what came of it; anything but our own errors ends the run."""
    name = chance.choice(list(files))
    damage = chance.choice([bitten, cut, doubled, rewritten])
    (folder / name).write_bytes(damage(files[name], name, chance))
    try:
        store.load(folder, Small, "small")
        return "loaded"
    except ColorzooError as error:
        return f"refused: {type(error).__name__}"
    finally:
        (folder / name).write_bytes(files[name])


def bitten(data: bytes, name: str, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def cut(data: bytes, name: str, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def doubled(data: bytes, name: str, chance: random.Random) -> bytes:
    place, length = chance.randrange(len(data)), chance.randint(1, 200)
    return data[:place] + data[place : place + length] * 2 + data[place + length :]


def rewritten(data: bytes, name: str, chance: random.Random) -> bytes:
    """Put a liked value somewhere into the JSON."""
    if name == store.CONFIG:
        return json.dumps(changed(json.loads(data), chance)).encode()
    length = int.from_bytes(data[:8], "little")
    header = json.dumps(changed(json.loads(data[8 : 8 + length]), chance)).encode()
    told = len(header) if chance.random() < 0.9 else chance.choice([0, 2**31, 2**63, len(data)])
    return told.to_bytes(8, "little") + header + data[8 + length :]


def changed(value, chance: random.Random):
    if isinstance(value, dict) and value and chance.random() < 0.9:
        key = chance.choice(list(value))
        if chance.random() < 0.1:
            return {k: v for k, v in value.items() if k != key}
        return {**value, key: changed(value[key], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        place = chance.randrange(len(value))
        return [changed(v, chance) if i == place else v for i, v in enumerate(value)]
    return chance.choice(LIKED)


if __name__ == "__main__":
    main()
