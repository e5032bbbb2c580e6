"""Isolation of plugins: whatever their code raises becomes a PluginError, except the user's Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from colorzoo.core.errors import ColorzooError, PluginError, printable

OUT_OF_MEMORY = ("not enough memory", "out of memory", "DefaultCPUAllocator")
"""Texts of the RuntimeError that torch raises when an allocation fails."""


@contextmanager
def isolated(who: str = "") -> Iterator[None]:
    """Turn whatever is raised inside into a PluginError, SystemExit and KeyboardInterrupt included.

    who: begins the message.

    Raises:
        ColorzooError: one of ours that the code raises, as it is.
        PluginError: anything else; one line.
        KeyboardInterrupt: the user pressed Ctrl-C, even if the code caught it.
    """
    raised: list[BaseException] = []
    with _noting(raised):
        try:
            yield
        except ColorzooError:
            if not raised:
                raise
        except BaseException as error:
            if not raised:
                raise PluginError(f"{who}: {reason(error)}" if who else reason(error)) from error
    if raised:
        raise raised[0]


def reason(error: BaseException) -> str:
    """Return an exception as one line fit for a terminal."""

    try:
        text = str(error)
    except Exception:  # even that is foreign code
        text = ""
    if isinstance(error, MemoryError) or any(sign in text for sign in OUT_OF_MEMORY):
        cause = printable(text) or "MemoryError"
        return f"ran out of memory ({cause}); try a smaller picture or fewer samples"
    named = text if isinstance(error, ColorzooError) else f"{type(error).__name__}: {text}"
    return printable(named).removesuffix(":")


@contextmanager
def _noting(raised: list[BaseException]) -> Iterator[None]:
    """Record what signal handlers raise, to tell an interrupt from one that foreign code raises."""
    if threading.current_thread() is not threading.main_thread():  # handlers run in that one only
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    handlers = {number: handler for number, handler in before.items() if callable(handler)}
    for number, handler in handlers.items():
        signal.signal(number, _noted(handler, raised))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _noted(handler: Callable[..., Any], raised: list[BaseException]) -> Callable[..., Any]:
    def note(number: int, frame: Any) -> Any:
        try:
            return handler(number, frame)
        except BaseException as error:
            raised.append(error)
            raise

    return note
