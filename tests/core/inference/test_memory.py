"""The C library's heap: what is kept for the next picture, and what goes back."""

import ctypes

import numpy as np
import psutil
import pytest

from colorzoo.core.inference.memory import hand_back_large_blocks, keep_blocks

BLOCK = 2**24


def resident():
    return psutil.Process().memory_info().rss


def kept():
    """Return by how much a block that is freed leaves the process larger than without it."""
    np.ones(BLOCK, np.uint8)
    before = resident()
    np.ones(BLOCK, np.uint8)
    block = np.ones(BLOCK, np.uint8)
    grown = resident() - before
    del block
    return grown, resident() - before


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="another C library than glibc")
def test_blocks_are_kept_for_the_next_picture_or_handed_back():
    try:
        keep_blocks()
        grown, left = kept()
        assert grown < BLOCK / 2  # it was there already
        assert abs(left) < BLOCK / 2
        hand_back_large_blocks()
        grown, left = kept()
        assert grown > BLOCK / 2
        assert abs(left) < BLOCK / 2
    finally:
        hand_back_large_blocks()
