"""SIGINT and SIGTERM put off until work comes to a place where nothing is lost."""

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
"""Seconds in which further signals count as the first: a launcher repeats that of the terminal."""


@dataclass
class Interruption:
    """Whether an interruption is wanted, and since when (seconds of the monotonic clock)."""

    since: float | None = None

    @property
    def wanted(self) -> bool:
        """Return whether to stop at the next good place."""
        return self.since is not None

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal: the first is remembered, a later one raises KeyboardInterrupt."""
        now = time.monotonic()
        if self.since is None:
            self.since = now
        elif now - self.since > PATIENCE:
            raise KeyboardInterrupt


@contextmanager
def deferred(notice: Callable[[], None]) -> Iterator[Interruption]:
    """Yield what remembers the signals that arrive in the block; a second one raises KeyboardInterrupt.

    notice: called at once, in another thread: handlers of Python wait for the end of a call into C, and
    the gradient of a large step is one. Outside the main thread, which alone gets signals, nothing changes.
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    listener = threading.Thread(target=_listen, args=(reader, notice), daemon=True)
    listener.start()
    heard = [number for number in SIGNALS if signal.getsignal(number) not in (signal.SIG_IGN, None)]
    handlers = {number: signal.signal(number, interruption.receive) for number in heard}
    wakeup = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield interruption
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.close(writer)
        listener.join()


def _listen(reader: int, notice: Callable[[], None]) -> None:
    """Give notice of the first of our signals; ends with the other end of the pipe."""
    noticed = False
    with open(reader, "rb", buffering=0) as numbers:
        while received := numbers.read(1):
            if received[0] in SIGNALS and not noticed:
                noticed = True
                notice()
