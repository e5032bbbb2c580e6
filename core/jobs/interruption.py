"""SIGINT and SIGTERM, deferred until the work that is under way is saved."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE = 1.0
"""Seconds in which further signals count as the first: a launcher repeats the one of the terminal."""


@dataclass
class Interruption:
    """Whether an interruption was requested, and since when (seconds of the monotonic clock)."""

    since: float | None = None

    @property
    def requested(self) -> bool:
        """Return whether to stop as soon as the work is saved."""
        return self.since is not None

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal: the first is recorded, one after PATIENCE raises KeyboardInterrupt.

        Raises:
            KeyboardInterrupt: this is the second interruption.
        """
        now = time.monotonic()
        if self.since is None:
            self.since = now
        elif now - self.since > PATIENCE:
            raise KeyboardInterrupt


@contextmanager
def deferred(notice: Callable[[], None]) -> Iterator[Interruption]:
    """Yield an Interruption that records the signals that arrive in the block.

    notice: as for `noticed`. Outside the main thread, which alone gets signals, nothing changes.

    Raises:
        KeyboardInterrupt: a second signal arrived.
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    with _handled(interruption), noticed(notice):
        yield interruption


@contextmanager
def held_back() -> Iterator[list[int]]:
    """Let the signals that arrive in the block wait for its end, so that it is done whole; yield them."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    handlers = {number: signal.signal(number, lambda n, _: received.append(n)) for number in _heard()}
    try:
        yield received
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if received:
        signal.raise_signal(received[0])


@contextmanager
def noticed(notice: Callable[[], None]) -> Iterator[None]:
    """Call `notice` at once, in another thread, when a signal arrives in the block.

    Handlers of Python wait for the end of a call into C, and the gradient of a large step is one.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    listener = threading.Thread(target=_listen, args=(reader, notice), daemon=True)
    listener.start()
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(wakeup)
        os.close(writer)
        listener.join()


@contextmanager
def _handled(interruption: Interruption) -> Iterator[None]:
    """Let the interruption receive the signals that are not ignored."""
    handlers = {number: signal.signal(number, interruption.receive) for number in _heard()}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _heard() -> list[int]:
    return [number for number in SIGNALS if signal.getsignal(number) not in (signal.SIG_IGN, None)]


def _listen(reader: int, notice: Callable[[], None]) -> None:
    """Call notice at the first of SIGNALS; return when the other end of the pipe is closed."""
    noticed = False
    with open(reader, "rb", buffering=0) as numbers:
        while received := numbers.read(1):
            if received[0] in SIGNALS and not noticed:
                noticed = True
                notice()
