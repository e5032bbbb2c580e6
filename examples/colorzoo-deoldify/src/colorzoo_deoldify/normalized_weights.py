"""Weights that are stored apart from their norm, made into those that convolutions use."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor


def spectral(original: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Return a weight over its largest singular value, by the vectors that the training ended with.

    Miyato et al. 2018, arXiv:1802.05957, equation 8; in the order of operations of torch's `spectral_norm`.
    """
    return original / torch.dot(u, torch.mv(original.flatten(1), v))


def by_channel(g: Tensor, v: Tensor) -> Tensor:
    """Return a weight of the norms g (Salimans and Kingma 2016, arXiv:1602.07868, equation 2)."""
    return g * v / v.flatten(1).norm(dim=1).view_as(g)


RULES: tuple[tuple[tuple[str, ...], Callable[..., Tensor]], ...] = (
    (("_orig", "_u", "_v"), spectral),
    (("_g", "_v"), by_channel),
)
"""How the tensors of a weight end in the state of torch's layers, and what makes the weight of them."""


def folded(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights by name with each norm folded in."""
    weights = dict(tensors)
    for endings, rule in RULES:
        for stem in [n.removesuffix(endings[0]) for n in weights if n.endswith(endings[0])]:
            parts = [stem + ending for ending in endings]
            if weights.keys() >= set(parts):  # what is not whole stays, to be named as unexpected
                weights[stem] = rule(*map(weights.pop, parts))
    return weights
