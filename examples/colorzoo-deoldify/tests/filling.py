"""Weights and pictures by a rule: the original and the port can be given the same without a file."""

import zlib

import numpy as np
import torch

VECTORS = ("weight_u", "weight_v")


def filled(shapes):
    """Return tensors for names and shapes of the original's state, each seeded by its name."""
    state = {}
    for name, shape in shapes.items():
        stem, _, last = name.rpartition(".")
        numbers = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape, np.float32)
        if last == "num_batches_tracked":
            state[name] = torch.tensor(0)
        elif last not in VECTORS or f"{stem}.weight_g" in shapes:
            state[name] = torch.from_numpy(np.asarray(scaled(numbers, name)))
        if last == "weight_orig":
            vectors = singular_vectors(numbers.reshape(len(numbers), -1))
            state |= dict(zip((f"{stem}.{vector}" for vector in VECTORS), vectors, strict=True))
    return state


def scaled(numbers, name):
    """Return numbers as what a tensor of that name holds.

    Activations stay moderate, and those of the decoder large enough for its attention to choose.
    """
    last = name.rpartition(".")[2]
    if last == "running_var":
        return 1 + np.abs(numbers)
    if last in ("bias", "running_mean"):
        return 0.1 * numbers
    if last in ("gamma", "weight_g") or numbers.ndim == 1:
        return (1 if name.startswith("layers.0.") else 3) + 0.1 * numbers
    if last == "weight":
        return numbers / np.float32(np.sqrt(2 * numbers[0].size))
    return numbers


def singular_vectors(matrix):
    """Return u and v by a few steps of the power method, as a training would leave them."""
    u = np.ones(len(matrix), np.float32)
    for _ in range(4):
        v = matrix.T @ u
        v /= np.linalg.norm(v)
        u = matrix @ v
        u /= np.linalg.norm(u)
    return torch.from_numpy(u), torch.from_numpy(v)


def picture(size):
    """Return a normalised picture (1, 3, h, w) of noise."""
    return torch.from_numpy(np.random.default_rng(0).uniform(-2, 2, (1, 3, *size)).astype(np.float32))
