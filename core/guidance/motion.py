"""Frames that agree: chroma carried along the motion of a sequence, and how much colours flicker.

Motion is OpenCV's dense inverse search (Kroeger, Timofte, Dai, Van Gool, Fast Optical Flow using Dense
Inverse Search, ECCV 2016) of the luma, there and back: where both do not meet, or the luma differs,
something was hidden or has changed, and a frame keeps its own colour. Luma is never touched, so that
sharpness stays. Measured by `python -m bench.flicker`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from colorzoo.core.imaging import color

Flow = NDArray[np.float32]
MEMORY = 8
"""Frames whose mean a colour is at most, where the motion is certain."""
ASTRAY = 1.0
"""Standard deviation of where a place arrives that goes there and back, in pixels."""
CHANGED = 0.06
"""Standard deviation of the luma of a place that is the same."""
CUT = 0.35
"""Mean certainty below which a frame begins a new shot."""
UNCHANGED = 0.5
"""Certainty from which on a place counts as unchanged for the measurement of flicker."""
LEAST_SIDE = 16
"""Below it there is no motion to be seen, in pixels."""


class Motion(NamedTuple):
    """From a frame to the one before it.

    positions: (h, w, 2), x and y in the frame before of what a place shows, in pixels.
    certainty: (1, h, w), from 0 to 1.
    """

    positions: Flow
    certainty: Tensor

    @property
    def is_cut(self) -> bool:
        """Whether the two frames are of different shots."""
        return float(self.certainty.mean()) < CUT


class Frame(NamedTuple):
    """A coloured frame: luma (1, h, w) in [0, 1], chroma (..., 2, h, w), of how many frames (1, h, w)."""

    luma: Tensor
    chroma: Tensor
    age: Tensor


@dataclass
class Carry:
    """What a sequence hands on from frame to frame: the last one; with it, one that was left goes on."""

    frame: Frame | None = None


def steadied(frames: Iterable[tuple[Tensor, Tensor]], carry: Carry | None = None) -> Iterator[Tensor]:
    """Yield the chroma of frames, carried along their motion; one frame is held at a time.

    frames: luma (1, h, w) in [0, 1] and chroma (..., 2, h, w) of each. A frame of another size, or after a
    cut, starts anew. carry: where the frame before is taken from, and every frame is put.
    """
    carry = carry or Carry()
    for luma, chroma in frames:
        own, before = Frame(luma, chroma, torch.ones_like(luma)), carry.frame
        fits = (
            before is not None and before.luma.shape == luma.shape and before.chroma.shape == chroma.shape
        )
        carry.frame = carried(before, own) if before is not None and fits else own
        yield carry.frame.chroma


def carried(before: Frame, own: Frame) -> Frame:
    """Return a frame with the colours of the one before it where the motion is certain, else its own.

    Each colour is the mean of at most MEMORY frames: a wrong colour of one frame fades, what is new shows.
    """
    motion = motion_between(before.luma, own.luma)
    if motion.is_cut:
        return own
    age = (motion.certainty * warped(before.age, motion)).clamp(0, MEMORY - 1)
    share = (age / (age + 1)).to(own.chroma)
    chroma = own.chroma + share * (warped(before.chroma, motion).to(own.chroma) - own.chroma)
    return Frame(own.luma, chroma, 1 + age)


def motion_between(before: Tensor, after: Tensor) -> Motion:
    """Return the motion from a frame to the one before it, both luma (1, h, w) in [0, 1]."""
    import cv2

    old, new = (_levels(luma) for luma in (before, after))
    height, width = new.shape
    still = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)
    if min(height, width) < LEAST_SIDE:
        back = forth = np.zeros((height, width, 2), np.float32)
    else:
        search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        back, forth = search.calc(new, old, None), search.calc(old, new, None)  # type: ignore[call-overload]
    positions = still + back
    returned = back + _remapped(forth, positions, cv2.INTER_LINEAR)
    luma = _remapped(_plane(before), positions, cv2.INTER_LINEAR)
    astray = (returned**2).sum(-1) / (2 * ASTRAY**2)
    certainty = np.exp(-astray - (luma - _plane(after)) ** 2 / (2 * CHANGED**2))
    inside = ((positions >= -0.5) & (positions <= np.array([width, height]) - 0.5)).all(-1)
    return Motion(positions, torch.from_numpy((certainty * inside).astype(np.float32))[None])


def warped(planes: Tensor, motion: Motion) -> Tensor:
    """Return planes (..., h, w) of the frame before, brought to where the frame shows the same."""
    import cv2

    flat = planes.detach().float().cpu().reshape(-1, *planes.shape[-2:]).numpy()
    moved = [_remapped(plane, motion.positions, cv2.INTER_CUBIC) for plane in flat]
    return torch.from_numpy(np.stack(moved)).reshape(planes.shape)


def flicker(before: Tensor, after: Tensor, motion: Motion) -> float:
    """Return how much colour changes from a frame to the next where nothing else does; 0 after a cut.

    before, after: chroma (2, h, w). Root of the mean squared distance of what the chroma adds to grey, the
    frame before warped along the motion, in levels of RGB from 0 to 255, over unchanged places.
    """
    unchanged = motion.certainty[0] >= UNCHANGED
    if motion.is_cut or not bool(unchanged.any()):
        return 0.0
    difference = color.chroma_to_rgb_offset(after.float().cpu() - warped(before, motion))
    return 255 * float(difference[:, unchanged].square().mean().sqrt())


def _remapped(planes: Flow, positions: Flow, interpolation: int) -> Flow:
    import cv2

    border = cv2.BORDER_REPLICATE
    moved = cv2.remap(planes, positions, None, interpolation, borderMode=border)  # type: ignore[call-overload]
    return np.asarray(moved, np.float32)


def _plane(luma: Tensor) -> Flow:
    return np.asarray(luma[0].detach().float().cpu().numpy(), np.float32)


def _levels(luma: Tensor) -> NDArray[np.uint8]:
    return np.asarray((255 * _plane(luma)).round().clip(0, 255), np.uint8)
