"""Published weights, under the names of their own code, made into those of a colorizer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from colorzoo.core.config import ColorizerConfig
from colorzoo.core.errors import PluginError, WeightsError, printable
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
    tensors = read_published(path)
    try:
        return adopted(tensors, cls, config)
    except WeightsError as error:
        raise WeightsError(f"{printable(str(path))}: {error}") from None


def adopted(
    tensors: Mapping[str, Tensor], cls: type[Colorizer], config: ColorizerConfig | None = None
) -> Colorizer:
    """Return a colorizer with weights that have the names of their own code, renamed by its `adopt`.

    config: by default that of the class.

    Raises:
        WeightsError: `adopt` misses a tensor, or returns one too few, too many or of another shape.
        PluginError: the plugin's code fails.
    """
    config = cls.Config() if config is None else config
    try:
        with isolated(f"{cls.__name__}.adopt"):
            state = dict(cls.adopt(tensors, config))
    except PluginError as error:
        if isinstance(error.__cause__, KeyError):
            raise WeightsError(_lacking(error.__cause__, tensors, cls.__name__)) from None
        raise
    check_adopted(state, expected_tensors(cls, config), cls.__name__)
    colorizer = built(cls, config)
    fill(colorizer, state)
    return colorizer


def _lacking(error: KeyError, tensors: Mapping[str, Tensor], who: str) -> str:
    """Say which tensor `adopt` asked for, and what there is."""
    name = str(error.args[0]) if error.args else "a tensor"
    shown = get_close_matches(name, sorted(tensors), n=2) or sorted(tensors)[:2]
    there = ", ".join(printable(one, 60) for one in shown)
    return (
        f"{who}.adopt: no {printable(name, 60)} among {len(tensors):,} tensors{there and f' ({there} …)'}; "
        "give the file that was published for it, or its configuration by --set"
    )


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
