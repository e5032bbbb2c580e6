"""What the fork server of workers imports: named by its parent, and given up at once when that is killed.

The server itself looks for its parent only once all is imported, which may take seconds.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import signal
import sys
from contextlib import suppress

VARIABLE = "COLORZOO_FORK_SERVER"
"""The number of the parent and the modules that it wants, by commas."""
PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of Linux's prctl


def die_with_the_parent(number: int, parent: int) -> bool:
    """Have the system send this process a signal when its parent ends, none for 0.

    Returns whether it does: only on Linux, and if that process is the parent and has not ended before.
    """
    if sys.platform != "linux" or parent != os.getppid():
        return False
    ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, number)
    return parent == os.getppid()


def _import_all(parent: int, *modules: str) -> None:
    if not die_with_the_parent(int(signal.SIGKILL), parent) and sys.platform == "linux":
        os._exit(1)
    for module in modules:
        with suppress(ImportError):  # who needs it says so
            importlib.import_module(module)
    die_with_the_parent(0, parent)  # from here on the server waits for the parent's end by itself


if VARIABLE in os.environ:
    first, *others = os.environ.pop(VARIABLE).split(",")
    _import_all(int(first), *others)
