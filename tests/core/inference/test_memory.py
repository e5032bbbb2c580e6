"""The C library's heap: what is kept for the next picture, and what goes back."""

import ctypes
import json
import subprocess
import sys

import pytest

BLOCK = 2**24
MEASURED = f"""
import json
import numpy as np
import psutil
from colorzoo.core.inference.memory import hand_back_large_blocks, keep_blocks

def change(work):
    before = psutil.Process().memory_info().rss
    held = work()
    grown = psutil.Process().memory_info().rss - before
    del held
    return grown, psutil.Process().memory_info().rss - before

block = lambda: np.ones({BLOCK}, np.uint8)
results = []
for settle in (keep_blocks, hand_back_large_blocks):
    settle()
    block()
    results.append(change(block))
print(json.dumps(results))
"""
"""In a process of its own: the heap of this one is full of what other tests have left."""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="another C library than glibc")
def test_blocks_are_kept_for_the_next_picture_or_handed_back():
    done = subprocess.run([sys.executable, "-c", MEASURED], capture_output=True, text=True, check=True)
    (grown, left), (grown_anew, left_anew) = json.loads(done.stdout)
    assert grown < BLOCK / 2  # it was there already
    assert grown_anew > BLOCK / 2
    assert abs(left) < BLOCK / 2
    assert abs(left_anew) < BLOCK / 2
