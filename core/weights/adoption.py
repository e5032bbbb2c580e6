"""Published weights, under the names of their own code, made into those of a colorizer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from colorzoo.core.config import ColorizerConfig
from colorzoo.core.errors import WeightsError, printable
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.isolation import isolated
from colorzoo.core.weights.checkpoint_file import read_published
from colorzoo.core.weights.folder import built, expected_tensors, fill

if TYPE_CHECKING:
    from torch import Tensor

SHOWN = 4
"""Most problems that one message lists."""
LARGER, SPARE = 16, 1 << 30
"""How much larger than its tensors a published file may be: it may hold more networks and optimizers."""


def adopted_file(path: Path, cls: type[Colorizer], config: ColorizerConfig | None = None) -> Colorizer:
    """Return a colorizer with the weights of a published file, renamed by its `adopt`.

    path: safetensors, or a checkpoint of torch, which is read in a process of its own.

    Raises:
        WeightsError: the file is absent, damaged, far too large or would call something, or what `adopt`
            makes of it does not fit.
        PluginError: the plugin's code fails.
    """
    config = cls.Config() if config is None else config
    most = (
        LARGER * sum(t.numel() * t.element_size() for t in expected_tensors(cls, config).values()) + SPARE
    )
    if path.is_file() and path.stat().st_size > most:
        raise WeightsError(
            f"{printable(str(path))}: {path.stat().st_size:,} bytes, at most {most:,} are read for "
            f"{cls.__name__}"
        )
    return adopted(read_published(path), cls, config)


def adopted(
    tensors: Mapping[str, Tensor], cls: type[Colorizer], config: ColorizerConfig | None = None
) -> Colorizer:
    """Return a colorizer with weights that have the names of their own code, renamed by its `adopt`.

    config: by default that of the class.

    Raises:
        WeightsError: what `adopt` returns has a tensor that is missing, unexpected or of another shape.
        PluginError: the plugin's code fails.
    """
    config = cls.Config() if config is None else config
    with isolated(f"{cls.__name__}.adopt"):
        state = dict(cls.adopt(tensors, config))
    check_adopted(state, expected_tensors(cls, config), cls.__name__)
    colorizer = built(cls, config)
    fill(colorizer, state)
    return colorizer


def check_adopted(state: Mapping[str, Tensor], expected: Mapping[str, Tensor], who: str) -> None:
    """Check that names and shapes are those of a colorizer's own tensors.

    Raises:
        WeightsError: they are not; some are named, with what was expected and names that are close.
    """
    problems = list(_misfits(state, expected))
    if problems:
        more = f"; {len(problems) - SHOWN:,} more" if len(problems) > SHOWN else ""
        raise WeightsError(f"{who}.adopt: {'; '.join(problems[:SHOWN])}{more}")


def _misfits(state: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> Iterator[str]:
    """Yield where a state differs from what is expected, by name."""
    missing, unexpected = expected.keys() - state.keys(), state.keys() - expected.keys()
    for name in sorted(expected.keys() & state.keys()):
        tensor, own = state[name], expected[name]
        got, wanted = tuple(tensor.shape), tuple(own.shape)
        if got != wanted:
            yield f"{printable(name, 60)} is {got}, expected {wanted}"
        elif tensor.is_floating_point() != own.is_floating_point():
            yield f"{printable(name, 60)} is {tensor.dtype}, expected {own.dtype}"
    for name in sorted(missing):
        yield f"missing {printable(name, 60)} {tuple(expected[name].shape)}"
    for name in sorted(unexpected):
        close = get_close_matches(name, sorted(missing or expected), n=2, cutoff=0.6)
        hint = f", did you mean {' or '.join(close)}?" if close else ""
        yield f"unexpected {printable(name, 60)} {tuple(state[name].shape)}{hint}"
