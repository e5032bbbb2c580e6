"""The C library's heap, kept from growing with every large picture."""

from __future__ import annotations

import ctypes
import sys

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
LARGE_BLOCK, SCAN_BLOCK, LARGEST_KEPT = 2**20, 2**17, 2**25
"""Bytes of a block that is handed back, in pictures and in scans; of the largest that glibc may keep."""


def keep_blocks() -> None:
    """Let the heap keep freed blocks of up to 32 MiB for the next picture; does nothing without glibc.

    Handing back what a network needs again at once takes longer than its convolutions do.
    """
    _call("mallopt", M_MMAP_THRESHOLD, LARGEST_KEPT)
    _call("mallopt", M_TRIM_THRESHOLD, 2 * LARGEST_KEPT)


def hand_back_large_blocks(size: int = LARGE_BLOCK) -> None:
    """Let freed blocks of some bytes and more go back to the system at once; does nothing without glibc.

    glibc raises that bound to 32 MiB by itself and keeps smaller blocks in its heap. Stripes of large
    pictures leave it in pieces that the next one does not fit into, so a process grew with every picture.
    """
    _call("mallopt", M_MMAP_THRESHOLD, size)
    _call("mallopt", M_TRIM_THRESHOLD, size)


def release_free_memory() -> None:
    """Hand back what the heap holds of smaller blocks; does nothing without glibc."""
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    function = getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
    if function is not None:  # musl has none
        function(*arguments)
