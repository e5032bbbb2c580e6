"""Weights and pages made by rule, so that numbers of the original can be compared without its files."""

import hashlib
import math
import zlib

import numpy as np
import torch

PAGES = {"standing": ((97, 61), 64), "square": ((64, 64), 64), "lying": ((61, 131), 64)}
"""Size of a page (height, width), and the input size that it is seen at."""
POINTS = [(20, 11, (192, 48, 32)), (50, 40, (32, 64, 160))]
"""x and y of hints in pixels of the page as it is seen, and their colours."""


def filled(shapes):
    """Return tensors of these shapes, each drawn from a generator seeded by its name."""
    tensors = {}
    for name, shape in shapes.items():
        draw = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape, np.float32)
        if name.endswith("running_var") or (".bn" in name and name.endswith("weight")):
            draw = 1 + 0.2 * np.abs(draw)
        elif len(shape) == 4:
            draw *= 1.1 / math.sqrt(math.prod(shape[1:]))
        else:
            draw *= 0.1
        tensors[name] = torch.from_numpy(draw)
    return tensors


def page(height, width):
    """Return a page (height, width) of lines and shades, float32 in [0, 1]."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    shades = 0.6 + 0.4 * np.sin(x / 9) * np.cos(y / 7)
    return torch.from_numpy(np.where((x + 2 * y) % 23 < 2, 0.05, shades).astype(np.float32))


def places(height, width):
    """Return rows and columns whose values are compared."""
    return np.linspace(0, height - 1, 4).astype(int), np.linspace(0, width - 1, 4).astype(int)


def listing(tensors):
    """Return names and shapes, a line each, sorted, but for counters of steps."""
    rows = [(n, tuple(t.shape)) for n, t in tensors.items() if not n.endswith("num_batches_tracked")]
    return [f"{name} {shape}" for name, shape in sorted(rows)]


def digest(lines):
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
