"""Ctrl-C while libraries are imported: they swallow it, or abort."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

SLOW_IMPORTS = ("colorzoo.cli.app", "torch", "numpy", "cv2")
"""Our own modules, and what runs code in C++ as it is imported, which takes no exception for an answer."""
SOON = 0.05
"""Seconds after which an interruption that Python has dropped comes again."""


def receive(number: int, frame: FrameType | None) -> None:
    """Handle SIGINT: end at once during an import, when nothing is at stake, else as Python does.

    Raises:
        KeyboardInterrupt: nothing is being imported.
    """
    if any(_is_being_imported(name) for name in SLOW_IMPORTS):
        os.write(2, b"colorzoo: interrupted\n")
        os._exit(130)
    signal.default_int_handler(number, frame)


def _is_being_imported(name: str) -> bool:
    spec = getattr(sys.modules.get(name), "__spec__", None)
    return bool(getattr(spec, "_initializing", False))


def repeat_if_dropped(dropped: sys.UnraisableHookArgs) -> None:
    """Send SIGINT again where KeyboardInterrupt hit a finalizer, which no exception leaves."""
    if not issubclass(dropped.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(dropped)
        return
    again = threading.Timer(SOON, os.kill, (os.getpid(), signal.SIGINT))
    again.daemon = True
    again.start()


def install() -> None:
    """Let `receive` handle SIGINT, unless it is ignored, as in background jobs of a shell."""
    sys.unraisablehook = repeat_if_dropped
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, receive)
