"""Ctrl-C while libraries are imported: they swallow it, or abort."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

SLOW_IMPORTS = ("colorzoo.cli.app", "torch", "numpy", "cv2")
"""Our own modules, and what runs code in C++ as it is imported, which takes no exception for an answer."""


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


def install() -> None:
    """Let `receive` handle SIGINT, unless it is ignored, as in background jobs of a shell."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, receive)
