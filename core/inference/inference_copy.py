"""The copy of a colorizer that the engine asks: the same answers, to rounding, in less time."""

from __future__ import annotations

from typing import NamedTuple, TypeVar
from weakref import WeakKeyDictionary

from torch import nn

from colorzoo.core.inference.optimize import shared_copy
from colorzoo.core.interfaces.colorizer import Colorizer

AnyColorizer = TypeVar("AnyColorizer", bound=Colorizer)


class _Copy(NamedTuple):
    """A copy, and what it was made of: identities and counts of changes; the objects, to keep their ids."""

    colorizer: nn.Module
    state: list[int]
    kept: list[object]


_copies: WeakKeyDictionary[nn.Module, _Copy] = WeakKeyDictionary()


def inference_copy(colorizer: AnyColorizer) -> AnyColorizer:
    """Return a copy with batch norms folded into convolutions, channels-last; made again after a change.

    All else is shared with the colorizer: other weights, attributes. It is the colorizer itself where that
    is no module, or has weights that do not count their changes.
    """
    if not isinstance(colorizer, nn.Module):
        return colorizer
    kept = [*vars(colorizer).values()]
    state = [*map(id, kept)]
    waiting: list[nn.Module] = [colorizer]
    while waiting:  # `modules()` names each as it goes, for every picture
        module = waiting.pop()
        waiting += [child for child in module._modules.values() if child is not None]
        state.append(module.training)
        for tensor in (*module._parameters.values(), *module._buffers.values()):
            if tensor is None:
                continue
            if tensor.is_inference():
                return colorizer
            kept.append(tensor)
            state += id(tensor), tensor.data_ptr(), tensor._version
    known = _copies.get(colorizer)
    if known is None or known.state != state:
        known = _copies[colorizer] = _Copy(shared_copy(colorizer), state, kept)
    return known.colorizer
