"""PNG files written stripe by stripe, of 8 or 16 bits, with all that a PNG can say (PNG, third edition)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from colorzoo.core.imaging import ifd, xmp
from colorzoo.core.imaging.file_metadata import Metadata, raw_profile

SIGNATURE = b"\x89PNG\r\n\x1a\n"
AVERAGE = 3
"""The filter of every row: coded faster and smaller than by choosing one for each at this level."""
LEVEL, WINDOW, MEMORY = 1, 15, 9
Block = npt.NDArray[Any]


def write_png(
    file: IO[bytes],
    size: tuple[int, int],
    blocks: Iterable[Block],
    metadata: Metadata,
    *,
    profile: bytes | None = None,
    mark: str = "",
) -> None:
    """Write rows of uint8 or uint16 (h, W, 3 or 4), one block after the other, as one file.

    size: height and width. mark: how it was coloured, for its history.
    """
    rest = iter(blocks)
    first = next(rest)
    height, width = size
    depth, color = 8 * first.dtype.itemsize, {3: 2, 4: 6}[first.shape[2]]
    file.write(SIGNATURE + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)))
    for name, data in _described(metadata, profile, mark):
        file.write(_chunk(name, data))
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, WINDOW, MEMORY)
    above: npt.NDArray[np.uint8] | None = None
    for block in _chained(first, rest):
        filtered, above = _filtered(block, above)
        file.write(_chunk(b"IDAT", packer.compress(filtered.data)))
    file.write(_chunk(b"IDAT", packer.flush()) + _chunk(b"IEND", b""))


def _chained(first: Block, rest: Iterator[Block]) -> Iterator[Block]:
    yield first
    yield from rest


def _chunk(name: bytes, data: bytes) -> bytes:
    if not data and name == b"IDAT":
        return b""
    return (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(name)))
    )


def _filtered(
    block: Block, above: npt.NDArray[np.uint8] | None
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return rows as the filter leaves them, behind its number, and the last row for the next block."""
    step = block.shape[2] * block.dtype.itemsize
    big = block.astype(block.dtype.newbyteorder(">"), copy=False)
    rows = np.ascontiguousarray(big).view(np.uint8).reshape(len(block), -1)
    left, up = np.zeros_like(rows), np.empty_like(rows)
    left[:, step:] = rows[:, :-step]
    up[1:], up[0] = rows[:-1], 0 if above is None else above
    out = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
    out[:, 0] = AVERAGE
    shared = left & up
    np.bitwise_xor(left, up, out=left)
    np.right_shift(left, 1, out=left)
    shared += left  # the mean of both, rounded down
    np.subtract(rows, shared, out=out[:, 1:])
    return out, rows[-1].copy()


def _described(metadata: Metadata, profile: bytes | None, mark: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield name and content of all chunks that stand before the pixels."""
    if profile:
        yield b"iCCP", b"ICC profile\0\0" + zlib.compress(profile)
    else:
        yield from metadata.color_chunks
    if metadata.dpi:
        yield b"pHYs", struct.pack(">IIB", *(round(value / 0.0254) for value in metadata.dpi), 1)
    if metadata.exif:
        yield b"eXIf", ifd.exif_block(metadata.exif)
    if packet := xmp.told(metadata.xmp, mark):
        yield b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet
    if metadata.iptc:
        yield (
            b"zTXt",
            b"Raw profile type iptc\0\0" + zlib.compress(raw_profile("iptc", metadata.iptc).encode()),
        )
    comment = [("Comment", comment_text(metadata.comment))] if metadata.comment else []
    for keyword, text in [*comment, *metadata.texts]:
        if chunk := _text(keyword, text):
            yield chunk


def comment_text(comment: bytes) -> str:
    """Return a comment, which is of UTF-8 where it can be, else of Latin-1."""
    try:
        return comment.decode()
    except UnicodeDecodeError:
        return comment.decode("latin-1")


def _text(keyword: str, text: str) -> tuple[bytes, bytes] | None:
    """Return the chunk of a text; none for a keyword that no file may have."""
    name = keyword.encode("latin-1", "ignore")
    if not 0 < len(name) < 80 or b"\0" in name or "\0" in text:
        return None
    try:
        return b"tEXt", name + b"\0" + text.encode("latin-1")
    except UnicodeEncodeError:
        return b"iTXt", name + b"\0\0\0\0\0" + text.encode("utf-8", "replace")
