"""Directories of tags, which TIFF files and EXIF blocks are made of, read and written value by value.

Types, counts and bytes of values stay as they are, so that nothing is rounded, renamed or lost on the way
(TIFF 6.0; BigTIFF; EXIF 2.32, 4.6). Offsets that lead nowhere, and what is too long, are left out.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import IO, NamedTuple

WIDTH = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
"""Bytes of a value by its type."""
BYTE, ASCII, SHORT, LONG, RATIONAL, UNDEFINED, LONG8 = 1, 2, 3, 4, 5, 7, 16
PACKED = {SHORT: "H", LONG: "I", RATIONAL: "I", LONG8: "Q"}
EXIF, GPS, INTEROPERABILITY = 34665, 34853, 40965
INNER = (EXIF, GPS, INTEROPERABILITY)
"""Tags whose value is a directory."""
MAX_TAGS, MAX_BYTES, MAX_DEPTH = 2_000, 16_000_000, 3


class Values(NamedTuple):
    """The values of a tag: their type, how many, and their bytes in the order of the directory."""

    kind: int
    number: int
    data: bytes


@dataclass
class Directory:
    """Tags with their values. order: of bytes, `<` or `>`, as for struct."""

    order: str = "<"
    tags: dict[int, Values | Directory] = field(default_factory=dict)

    def put(self, tag: int, kind: int, *numbers: int) -> None:
        """Set integers, or for rationals numerators and denominators."""
        count = len(numbers) // (2 if kind == RATIONAL else 1)
        self.tags[tag] = Values(
            kind, count, struct.pack(f"{self.order}{len(numbers)}{PACKED[kind]}", *numbers)
        )

    def number(self, tag: int, default: int = 0) -> int:
        """Return the first value of a tag of integers."""
        values = self.tags.get(tag)
        if not isinstance(values, Values) or values.kind not in (SHORT, LONG) or not values.number:
            return default
        return int(struct.unpack_from(self.order + PACKED[values.kind], values.data)[0])

    def inner(self, tag: int) -> Directory | None:
        """Return the directory that is the value of a tag."""
        value = self.tags.get(tag)
        return value if isinstance(value, Directory) else None


def read_directory(file: IO[bytes], wanted: Callable[[int], bool]) -> Directory | None:
    """Return the first directory of a TIFF file or EXIF block, tags that are wanted; None if damaged."""
    file.seek(0)
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    try:
        if order and struct.unpack_from(f"{order}H", head, 2)[0] == 43:
            return _Reader(file, order, big=True).directory(
                struct.unpack_from(f"{order}Q", head, 8)[0], wanted
            )
        if order:
            return _Reader(file, order).directory(struct.unpack_from(f"{order}I", head, 4)[0], wanted)
    except (struct.error, OverflowError, OSError, ValueError):
        return None
    return None


class _Reader:
    """Reads directories of one file, with a bound on all bytes of values together."""

    def __init__(self, file: IO[bytes], order: str, *, big: bool = False) -> None:
        self.file, self.order, self.left = file, order, MAX_BYTES
        self.head, self.entry, self.inline = ("Q", "HHQ", 8) if big else ("H", "HHI", 4)

    def directory(self, offset: int, wanted: Callable[[int], bool], depth: int = 1) -> Directory:
        self.file.seek(offset)
        count = struct.unpack(
            self.order + self.head, self.file.read(struct.calcsize(self.order + self.head))
        )[0]
        step = struct.calcsize(self.order + self.entry)
        table = self.file.read(min(count, MAX_TAGS) * (step + self.inline))
        directory = Directory(self.order)
        for start in range(0, len(table) - step - self.inline + 1, step + self.inline):
            tag, kind, number = struct.unpack_from(self.order + self.entry, table, start)
            if wanted(tag):
                inline = table[start + step : start + step + self.inline]
                value = self._value(tag, kind, number, inline, depth)
                if value is not None:
                    directory.tags[tag] = value
        return directory

    def _value(
        self, tag: int, kind: int, count: int, inline: bytes, depth: int
    ) -> Values | Directory | None:
        length = WIDTH.get(kind, 0) * count
        if not length or length > self.left:
            return None
        if tag in INNER:
            return self._inner(self._offset(inline, kind), depth)
        self.left -= length
        if length <= self.inline:
            return Values(kind, count, inline[:length])
        self.file.seek(self._offset(inline))
        data = self.file.read(length)
        return Values(kind, count, data) if len(data) == length else None

    def _inner(self, offset: int, depth: int) -> Directory | None:
        if depth == MAX_DEPTH:
            return None
        try:
            inner = self.directory(offset, lambda tag: True, depth + 1)
        except (struct.error, OverflowError, OSError, ValueError):
            return None
        return inner if inner.tags else None

    def _offset(self, inline: bytes, kind: int = 0) -> int:
        wide = self.inline == 8 and kind != LONG
        return int(struct.unpack_from(self.order + ("Q" if wide else "I"), inline)[0])


def directory_bytes(directory: Directory, offset: int, *, big: bool = False) -> bytes:
    """Return a directory as it stands at an offset, with what its values need behind it."""
    order = directory.order
    head, entry, inline, long = ("Q", "HHQ", 8, "Q") if big else ("H", "HHI", 4, "I")
    step = struct.calcsize(order + entry) + inline
    start = offset + struct.calcsize(order + head) + step * len(directory.tags) + inline
    table = struct.pack(order + head, len(directory.tags))
    behind = b""
    for tag, value in sorted(directory.tags.items()):
        where = start + len(behind)
        if isinstance(value, Directory):
            kind, count, more = (LONG8 if big else LONG), 1, directory_bytes(value, where, big=big)
            stored = struct.pack(order + long, where)
        else:
            kind, count, data = value
            stored, more = (struct.pack(order + long, where), data) if len(data) > inline else (data, b"")
        table += struct.pack(order + entry, tag, kind, count) + stored.ljust(inline, b"\0")
        behind += more + b"\0" * (len(more) % 2)
    return table + struct.pack(order + long, 0) + behind


def exif_block(directory: Directory) -> bytes:
    """Return a directory as an EXIF block, as it stands in PNG and WebP."""
    name = b"II" if directory.order == "<" else b"MM"
    return name + struct.pack(f"{directory.order}HI", 42, 8) + directory_bytes(directory, 8)


def read_block(data: bytes, wanted: Callable[[int], bool]) -> Directory | None:
    """Return the directory of an EXIF block, with or without what JPEG puts before it."""
    return read_directory(BytesIO(data.removeprefix(b"Exif\0\0")), wanted)
