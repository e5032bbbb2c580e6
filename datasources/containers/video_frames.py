"""Frames of a video as pictures, and coloured pictures as frames: luma stays the stored one.

What a video stores is luma and two differences of colour, by one of several matrices and in one of two
ranges. A frame says which; where it does not, the matrix is that which players take for its height, and
the range is the limited one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from colorzoo.core.imaging.image_io import Picture, Pixels

if TYPE_CHECKING:
    from av import VideoFrame

BT709, BT601 = 1, 6
"""Matrices as ISO/IEC 23091-2 numbers them."""
CONVERTERS = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
"""Numbers of the matrices in libswscale by those."""
SD_HEIGHT = 576
"""Height up to which a video that does not say its matrix has that of BT.601."""
LIMITED, FULL = 1, 2
UNSPECIFIED = 2
QUARTER = 90
"""Degrees."""
ROUNDING = 1.5
"""Mean difference of luma that rounding to 8 bits can make, in levels."""


@dataclass(frozen=True)
class Look:
    """How the numbers of a frame are meant, and how it is turned for display.

    matrix, primaries, transfer: of ISO/IEC 23091-2. range: LIMITED or FULL. turns: quarters against the
    clock that bring it upright. depth: bits a sample. matrix_bytes: of the display matrix, if any.
    """

    matrix: int
    primaries: int
    transfer: int
    range: int
    turns: int
    depth: int
    display: bytes | None = None

    @classmethod
    def of(cls, frame: VideoFrame) -> Look:
        """Return that of a frame."""
        name = frame.format.name
        stored = int(frame.colorspace)
        matrix = stored if stored in CONVERTERS else BT601 if frame.height <= SD_HEIGHT else BT709
        full = name.startswith(("yuvj", "gray", "mono", "pal8")) or frame.format.is_rgb
        range_ = FULL if full or int(frame.color_range) == FULL else LIMITED
        sides: Any = frame.side_data
        side = next((bytes(one) for one in sides if one.type.name == "DISPLAYMATRIX"), None)
        depth = max((component.bits for component in frame.format.components), default=8)
        return cls(
            matrix, int(frame.color_primaries), int(frame.color_trc), range_,
            int(frame.rotation) // QUARTER % 4, depth, side,
        )  # fmt: skip

    @property
    def converter(self) -> int:
        """Number of the matrix in libswscale."""
        return CONVERTERS[self.matrix]


def to_picture(frame: VideoFrame) -> Picture:
    """Return a frame as an upright RGB picture."""
    look = Look.of(frame)
    rgb = frame.reformat(
        format="rgb24", src_colorspace=look.converter, dst_colorspace=look.converter,
        src_color_range=look.range, dst_color_range=FULL,
    ).to_ndarray()  # fmt: skip
    return Picture(np.ascontiguousarray(np.rot90(np.asarray(rgb, np.uint8), look.turns)))


def to_frame(source: VideoFrame, picture: Picture | None, format: str, look: Look) -> VideoFrame:
    """Return a frame of the time and luma of its source, and the colours of a picture.

    picture: upright; one that has been given another luma keeps it. None leaves the source its own colours.
    format: yuv420p or yuv444p.
    """
    if picture is None:
        frame = _converted(source, format, look)
    else:
        from av import VideoFrame

        rgb = np.ascontiguousarray(np.rot90(picture.rgb, -look.turns))
        frame = VideoFrame.from_ndarray(rgb, "rgb24").reformat(
            format=format, src_colorspace=look.converter, dst_colorspace=look.converter,
            src_color_range=FULL, dst_color_range=look.range,
        )  # fmt: skip
        if _has_luma_of(picture, source):
            plane(frame, 0)[:] = _luma(source, look)
    frame.pts, frame.time_base = source.pts, source.time_base
    frame.color_range, frame.colorspace = look.range, look.matrix
    frame.color_primaries, frame.color_trc = look.primaries, look.transfer
    return frame


def _has_luma_of(picture: Picture, source: VideoFrame) -> bool:
    """Say whether a picture's luma is that of its source, but for rounding."""
    return float(cv2.absdiff(picture.gray, to_picture(source).gray).mean()) <= ROUNDING


def plane(frame: VideoFrame, index: int) -> Pixels:
    """Return a plane of 8 bits a sample, as it lies in the frame."""
    stored: Any = frame.planes[index]
    rows: Pixels = np.frombuffer(stored, np.uint8)[: stored.height * stored.line_size]
    return rows.reshape(stored.height, stored.line_size)[:, : stored.width]


def _luma(frame: VideoFrame, look: Look) -> Pixels:
    """Return the luma as it is stored, of 8 bits."""
    kind = frame.format
    own = (kind.is_planar and not kind.is_rgb and look.depth == 8) or kind.name == "gray"
    return plane(frame if own else _converted(frame, "yuv444p", look), 0)


def _converted(frame: VideoFrame, format: str, look: Look) -> VideoFrame:
    return frame.reformat(
        format=format, src_colorspace=look.converter, dst_colorspace=look.converter,
        src_color_range=look.range, dst_color_range=look.range,
    )  # fmt: skip
