"""A cache of functions of tensors, so that several metrics share what is computed of a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_known: dict[tuple[Any, ...], tuple[Any, Any]] | None = None


@contextmanager
def remembering() -> Iterator[None]:
    """Within the block, compute what `remembered` functions make of a tensor once; it may not change."""
    global _known  # a process measures one picture at a time
    _known = {}
    try:
        yield
    finally:
        _known = None


def forget_all_but(*tensors: Any) -> None:
    """Forget what was computed of other tensors than these."""
    retained = {id(tensor) for tensor in tensors}
    for key in [key for key in _known or {} if not retained.issuperset(key[1:])]:
        del _known[key]  # type: ignore[union-attr]  # there are keys only where there is a mapping


def remembered(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Let a function of tensors, without keywords, remember its results within `remembering`."""

    @wraps(function)
    def wrapper(*tensors: Parameters.args, **nothing: Parameters.kwargs) -> Result:
        if _known is None:
            return function(*tensors, **nothing)
        key = (function, *map(id, tensors))
        if key not in _known:  # the tensors are kept too: an id must not pass to another
            _known[key] = tensors, function(*tensors, **nothing)
        result: Result = _known[key][1]
        return result

    return wrapper
