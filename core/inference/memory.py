"""The C library's heap, kept from growing with every large picture."""

from __future__ import annotations

import ctypes
import sys

M_MMAP_THRESHOLD, LARGE_BLOCK = -3, 2**20


def hand_back_large_blocks() -> None:
    """Let freed blocks of a MiB and more go back to the system at once; does nothing without glibc.

    glibc raises that bound to 32 MiB by itself and keeps smaller blocks in its heap. Stripes of large
    pictures leave it in pieces that the next one does not fit into, so a process grew with every picture.
    """
    _call("mallopt", M_MMAP_THRESHOLD, LARGE_BLOCK)


def release_free_memory() -> None:
    """Hand back what the heap holds of smaller blocks; does nothing without glibc."""
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    function = getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
    if function is not None:  # musl has none
        function(*arguments)
