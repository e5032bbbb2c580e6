"""What a video looks like by its first bytes."""

from __future__ import annotations

from pathlib import Path

HEAD = 400
"""Bytes by which a file is known."""
PACKETS = (0, 188), (4, 196)
"""Where two packets of a transport stream begin, the second way with their time in front, as on discs."""
STILL_BRANDS = (b"avif", b"heic", b"heix", b"mif1")
"""Pictures that are stored as a film is."""


def is_video(path: Path) -> bool:
    """Say by its first bytes whether a file is a video, or sound in the same format."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head[4:8] == b"ftyp":
        return head[8:12] not in STILL_BRANDS
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip") or head[8:12] == b"AVI ":
        return True
    if any(head[first : first + 1] == b"G" == head[second : second + 1] for first, second in PACKETS):
        return True
    magics = (b"\x1aE\xdf\xa3", b"FLV\x01", b"OggS", b"\0\0\1\xba", b"\x06\x0e+4")
    return head.startswith(magics)
