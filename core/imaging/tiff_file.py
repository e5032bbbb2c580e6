"""TIFF files written stripe by stripe, of 8 or 16 bits, with the tags a picture came with (TIFF 6.0)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from colorzoo.core.imaging import ifd, xmp
from colorzoo.core.imaging.file_metadata import IPTC, XMP, Metadata, with_resolution
from colorzoo.core.imaging.ifd import LONG, LONG8, SHORT, UNDEFINED, Directory, Values

LEVEL = 1
DEFLATE, DIFFERENCES, RGB, UNASSOCIATED_ALPHA = 8, 2, 2, 2
IMAGE_DESCRIPTION, ICC = 270, 34675
LARGEST = 2**32 - 2**24
"""Bytes of pixels beyond which offsets need 64 bits, so that the file is a BigTIFF."""
Block = npt.NDArray[Any]


def write_tiff(
    file: IO[bytes],
    size: tuple[int, int],
    blocks: Iterable[Block],
    metadata: Metadata,
    *,
    profile: bytes | None = None,
    mark: str = "",
) -> None:
    """Write blocks of uint8 or uint16 (h, W, 3 or 4), equally high but the last, as the strips of a file.

    size: height and width. mark: how it was coloured, for its history. Strips are packed by deflate.
    """
    directory = _carried(metadata, mark)
    order, places, lengths, rows, first = directory.order, list[int](), list[int](), 0, None
    head_place = 0
    for block in blocks:
        if first is None:
            first, rows = block, len(block)
            big = size[0] * size[1] * block.shape[2] * block.dtype.itemsize > LARGEST
            head_place = _begin(file, order, big=big)
        data = zlib.compress(_differences(block, order), LEVEL)
        places.append(file.tell())
        lengths.append(len(data))
        file.write(data + b"\0" * (len(data) % 2))
    assert first is not None  # a picture has at least one row
    _put_structure(directory, size, first, rows)
    directory.put(273, LONG8 if big else LONG, *places)
    directory.put(279, LONG8 if big else LONG, *lengths)
    if profile:
        directory.tags[ICC] = Values(UNDEFINED, len(profile), profile)
    end = file.tell()
    file.write(ifd.directory_bytes(directory, end, big=big))
    file.seek(head_place)
    file.write(struct.pack(order + ("Q" if big else "I"), end))
    file.seek(0, 2)


def _begin(file: IO[bytes], order: str, *, big: bool) -> int:
    """Write the head of a file; return where the place of its directory goes."""
    name = b"II" if order == "<" else b"MM"
    file.write(
        name + (struct.pack(f"{order}HHHQ", 43, 8, 0, 0) if big else struct.pack(f"{order}HI", 42, 0))
    )
    return 8 if big else 4


def _differences(block: Block, order: str) -> bytes:
    """Return a block with each pixel as the difference to the one on its left, by channel."""
    out = block.copy()
    np.subtract(block[:, 1:], block[:, :-1], out=out[:, 1:])
    return out.astype(out.dtype.newbyteorder(order), copy=False).tobytes()  # type: ignore[arg-type]


def _put_structure(directory: Directory, size: tuple[int, int], block: Block, rows: int) -> None:
    """Set the tags that say how pixels are stored."""
    bands = block.shape[2]
    directory.put(256, LONG, size[1])
    directory.put(257, LONG, size[0])
    directory.put(258, SHORT, *[8 * block.dtype.itemsize] * bands)
    for tag, value in ((259, DEFLATE), (262, RGB), (277, bands), (284, 1), (317, DIFFERENCES)):
        directory.put(tag, SHORT, value)
    directory.put(278, LONG, rows)
    if bands == 4:
        directory.put(338, SHORT, UNASSOCIATED_ALPHA)


def _carried(metadata: Metadata, mark: str) -> Directory:
    """Return the tags that the picture came with."""
    carried = with_resolution(metadata)
    if packet := xmp.told(metadata.xmp, mark):
        carried.tags[XMP] = Values(ifd.BYTE, len(packet), packet)
    if metadata.iptc:
        records = metadata.iptc + bytes(-len(metadata.iptc) % 4)  # which TIFF has as numbers of four bytes
        carried.tags[IPTC] = Values(LONG, len(records) // 4, records)
    if metadata.comment and IMAGE_DESCRIPTION not in carried.tags:
        text = metadata.comment.rstrip(b"\0") + b"\0"
        carried.tags[IMAGE_DESCRIPTION] = Values(ifd.ASCII, len(text), text)
    return carried
