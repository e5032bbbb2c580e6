"""Published weights under the names of this package."""

from collections.abc import Mapping

import torch
from torch import Tensor

UNUSED = ("mean", "std", "encoder.arch.norm.", "encoder.arch.head_cls.")
"""Constants, and layers of a classifier that the published code runs or loads in vain."""
RENAMED = (
    ("encoder.arch.norm", "encoder.norms."),
    ("encoder.arch.", "encoder."),
    ("transformer_self_attention_layers", "self_attention"),
    ("transformer_cross_attention_layers", "cross_attention"),
    ("transformer_ffn_layers", "feed_forward"),
    ("self_attn.", "attention."),
    ("multihead_attn.", "attention."),
    ("refine_net.0.0.", "refine_net."),
)


def adopted(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return published tensors under the names of this package, spectral norms divided out."""
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith(UNUSED)}
    for weight in [name.removesuffix("_orig") for name in kept if name.endswith(".weight_orig")]:
        parts = [f"{weight}_{part}" for part in ("orig", "u", "v")]
        if kept.keys() >= set(parts):  # what stays under its old name is refused by that name
            kept[weight] = _divided(*(kept.pop(part) for part in parts))
    return {_renamed(name): tensor for name, tensor in kept.items()}


def _divided(weight: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """Return a weight over its largest singular value, u W v, as in evaluation (Miyato et al. 2018)."""
    return weight / torch.dot(u, torch.mv(weight.flatten(1), v))


def _renamed(name: str) -> str:
    for theirs, ours in RENAMED:
        name = name.replace(theirs, ours)
    return f"network.{name}"
