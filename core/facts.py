"""What has to be decoded to be known about pictures, remembered until a file changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from colorzoo.core.images import Pixels, atomic_write, read
from colorzoo.core.packed import cache_root


class Facts(NamedTuple):
    """Of one picture: mean chroma of 255, height and width in pixels."""

    chroma: float
    height: int
    width: int


def facts_of(root: Path, files: Sequence[Path]) -> list[Facts]:
    """Return the facts of every file, from the cache if none has changed."""
    stats = [(str(f.relative_to(root)), (s := f.stat()).st_size, s.st_mtime_ns) for f in files]
    key = hashlib.sha256(json.dumps([str(root.resolve()), stats]).encode()).hexdigest()[:32]
    memo = cache_root() / "facts" / f"{key}.json"
    if memo.exists():
        return [Facts(*row) for row in json.loads(memo.read_text())]
    found = [_measured(file) for file in files]
    with atomic_write(memo) as out:
        out.write(json.dumps(found).encode())
    return found


def mean_chroma(image: Pixels) -> float:
    """Return the mean of max(R, G, B) - min(R, G, B) over the pixels, 0 to 255; 0 is grey."""
    return float((image.max(-1).astype(np.int16) - image.min(-1)).mean())


def _measured(file: Path) -> Facts:
    image = read(file).rgb
    return Facts(round(mean_chroma(image), 3), *image.shape[:2])
