"""Which pictures are worth keeping for training: coloured beyond a tint, and not there already."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, Self, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from colorzoo.core.imaging.image_io import Pixels

MIN_COLOR_SPREAD = 4.5
"""Least `color_spread` of a coloured picture. Of 140 comic pages 98 % have more, of 303 faces all; sepia,
bluish and duotone scans made of them, noisy, unevenly yellowed and recompressed, have at most 3.7."""
MAX_HAMMING_DISTANCE = 4
"""Most bits in which near-duplicates differ. Pages at JPEG quality 30, at 0.3 of their size or with another
gamma differ in at most 4; of 4.5 million pairs of different pages, faces and photos none do, and 5 in 6."""
FLAT = 2.0
"""Standard deviation, in grey levels, below which a picture shows nothing to tell it by."""
SIDE, BINS = 64, 16


def color_spread(image: Pixels) -> float:
    """Return how much colour RGB uint8 (H, W, 3) has beyond a tint, in grey levels of 255.

    The root mean square distance of (Cb, Cr) from their mean at the same luma, on a copy of at most 64
    pixels: a tinted scan has one colour for every lightness, so nothing remains of it.
    """
    scale = min(1.0, SIDE / max(image.shape[:2]))
    size = [max(1, round(scale * length)) for length in image.shape[1::-1]]
    small = cv2.cvtColor(cv2.resize(image, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2YCrCb)
    bins = small[..., 0].ravel() // (256 // BINS)
    chroma = small[..., 1:].reshape(-1, 2).T.astype(np.float64) - 128
    counts = np.maximum(np.bincount(bins, minlength=BINS), 1)
    explained = sum((np.bincount(bins, values, BINS) ** 2 / counts).sum() for values in chroma)
    return float(np.sqrt(max(0.0, np.square(chroma).sum() - explained) / chroma.shape[1]))


def perceptual_hash(image: Pixels) -> int:
    """Return 64 bits that stay when RGB uint8 (H, W, 3) is recompressed, resized or brightened.

    Signs of the low frequencies of a 32x32 grey copy against their median (DCT hash). All flat pictures
    have the hash 0.
    """
    gray = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (32, 32), interpolation=cv2.INTER_AREA)
    if gray.std() < FLAT:
        return 0
    low = cv2.dct(gray.astype(np.float32))[:8, :8].ravel()
    bits = low > np.median(low[1:])  # the first is the mean brightness
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


class Measured(Protocol):
    """A pydantic record of one picture: key, verdict, note, color spread and hash, hexadecimal or empty."""

    @property
    def key(self) -> str: ...
    @property
    def verdict(self) -> str: ...
    @property
    def note(self) -> str: ...
    @property
    def spread(self) -> float: ...
    @property
    def hash(self) -> str: ...
    def model_copy(self, *, update: dict[str, str]) -> Self: ...


Record = TypeVar("Record", bound=Measured)


def assign_verdicts(records: Iterable[Record], min_spread: float, dedupe: bool = True) -> list[Record]:
    """Return the records, each with its verdict: broken, colourless, duplicate or kept.

    The verdict depends on the records and their order, not on what they were before.
    """
    seen, result = NearDuplicates(), []
    for record in records:
        if record.verdict == "broken" or (dedupe and not record.hash):
            verdict, note = "broken", record.note
        elif record.spread < min_spread:
            verdict, note = "colourless", ""
        else:
            first = seen.first_or_add(record.key, int(record.hash, 16)) if dedupe else None
            verdict, note = ("kept", "") if first is None else ("duplicate", f"of {first}")
        result.append(record.model_copy(update={"verdict": verdict, "note": note}))
    return result


class NearDuplicates:
    """Perceptual hashes by name, searched for the first near one."""

    def __init__(self) -> None:
        self._names: list[str] = []
        self._hashes: npt.NDArray[np.uint64] = np.empty(64, np.uint64)

    def first_or_add(self, name: str, hash: int) -> str | None:
        """Return the name of the first near duplicate; add the picture if there is none."""
        first = self.find(hash)
        if first is None:
            self.add(name, hash)
        return first

    def add(self, name: str, hash: int) -> None:
        """Add a picture."""
        if len(self._names) == len(self._hashes):
            self._hashes = np.concatenate([self._hashes, np.empty_like(self._hashes)])
        self._hashes[len(self._names)] = hash
        self._names.append(name)

    def find(self, hash: int) -> str | None:
        """Return the name of the first picture within MAX_HAMMING_DISTANCE bits, if there is one."""
        known = self._hashes[: len(self._names)]
        near = np.flatnonzero(np.bitwise_count(known ^ np.uint64(hash)) <= MAX_HAMMING_DISTANCE)
        return self._names[near[0]] if len(near) else None
