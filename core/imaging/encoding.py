"""Pictures as files of each format that is written: what it holds of them, how, and what it cannot hold."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from colorzoo.core.errors import ImageError
from colorzoo.core.imaging import ifd, xmp
from colorzoo.core.imaging.file_metadata import IPTC_RESOURCE, Metadata, with_resolution
from colorzoo.core.imaging.picture import STRIPE, Picture, to_eight_bits
from colorzoo.core.imaging.png_file import write_png
from colorzoo.core.imaging.tiff_file import write_tiff

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")
"""What datasets are made of, and what results are written as."""
JPEG, TIFF = (".jpg", ".jpeg"), (".tif", ".tiff")
LONGEST_SIDE = {".webp": 16_383, ".jpg": 65_500, ".jpeg": 65_500}
"""Most pixels a side where the format has a limit; libjpeg's is a little below JPEG's 65,535."""
LONGEST_SEGMENT = 65_502
"""Most bytes of EXIF, XMP or IPTC in a JPEG, each of which is one segment."""
QUALITY = 95
"""Of a JPEG whose source was none."""
HOLDS: dict[str, set[str]] = {
    ".jpg": {"exif", "xmp", "iptc", "comment"},
    ".png": {"exif", "xmp", "iptc", "comment", "texts", "color_chunks"},
    ".tif": {"exif", "xmp", "iptc", "comment"},
    ".webp": {"exif", "xmp"},
    ".bmp": set(),
}
NAMES = {
    "exif": "EXIF", "xmp": "XMP", "iptc": "IPTC", "comment": "comment", "texts": "texts",
    "color_chunks": "gamma and primaries",
}  # fmt: skip
Block = npt.NDArray[Any]


def suffix_for(picture: Picture, wanted: str | None = None) -> str:
    """Return the suffix of a picture's results, with the dot: what is wanted, else that of its own format.

    Its own is that of its content, jpg, png, tif or webp; what was read from another becomes png.
    """
    return f".{wanted or picture.metadata.format}"


def check_writable(name: str, height: int, width: int) -> None:
    """Check that a file of that name can hold a picture of that size, in pixels.

    Raises:
        ImageError: it cannot.
    """
    suffix = Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise ImageError(f"{name}: unknown picture suffix; expected one of {', '.join(SUFFIXES)}")
    limit = LONGEST_SIDE.get(suffix)
    if limit is not None and max(height, width) > limit:
        raise ImageError(
            f"{width}x{height} pixels are too large for {suffix[1:]}, at most {limit:,} a side; write png"
        )


def lost_in(name: str, picture: Picture) -> tuple[str, ...]:
    """Return what of a picture a file of that name cannot hold, each a clause."""
    suffix = Path(name).suffix.lower()
    said, kind = picture.metadata, suffix[1:]
    notes = []
    if picture.alpha is not None and not _holds_alpha(suffix) and not _is_opaque(picture.alpha):
        notes.append(f"its transparency is dropped, which {kind} cannot hold")
    if picture.is_deep and not _holds_depth(suffix):
        notes.append(f"its 16 bits are rounded to 8, since {kind} holds no more")
    if picture.profile and suffix == ".bmp":
        notes.append("its colour profile is dropped, which bmp cannot hold")
    lost = [NAMES[field] for field in NAMES if getattr(said, field) and not _holds(suffix, said, field)]
    if lost:
        verb = "are" if len(lost) > 1 or lost == ["texts"] else "is"
        notes.append(f"its {', '.join(lost)} {verb} dropped, which {kind} cannot hold")
    if xmp.is_damaged(said.xmp):
        notes.append("its XMP is damaged, and dropped")
    return tuple(notes)


def _is_opaque(alpha: Block) -> bool:
    return bool((alpha == np.iinfo(alpha.dtype).max).all())


def _holds(suffix: str, said: Metadata, field: str) -> bool:
    if field not in HOLDS[_common(suffix)]:
        return False
    if field == "comment" and suffix in TIFF:
        return said.exif is None or 270 not in said.exif.tags
    return suffix not in JPEG or _segment_length(said, field) <= LONGEST_SEGMENT


def _segment_length(said: Metadata, field: str) -> int:
    return len(ifd.exif_block(said.exif) if field == "exif" and said.exif else getattr(said, field))


def _common(suffix: str) -> str:
    return {".jpeg": ".jpg", ".tiff": ".tif"}.get(suffix, suffix)


def _holds_alpha(suffix: str) -> bool:
    return suffix not in (*JPEG, ".bmp")


def _holds_depth(suffix: str) -> bool:
    return suffix in (".png", *TIFF)


def encode_to(
    file: IO[bytes], picture: Picture, suffix: str, name: str, *, quality: int | None, mark: str
) -> None:
    """Write a picture as a file of that suffix; `name` is what messages call it."""
    if picture.scan and suffix not in (".png", *TIFF):
        raise ImageError(f"{name}: a scan that is larger than the memory; write it as tif or png")
    try:
        if suffix == ".png" or suffix in TIFF:
            write_stripes = write_png if suffix == ".png" else write_tiff
            blocks = picture.scan.blocks() if picture.scan else blocks_of(picture)
            write_stripes(
                file, picture.full_size, blocks, picture.metadata, profile=picture.profile, mark=mark
            )
        else:
            _save(file, picture, suffix, quality, mark)
    except (ValueError, struct.error, MemoryError) as error:
        raise ImageError(f"{name}: cannot be written ({error or 'not enough memory'})") from None


def blocks_of(picture: Picture) -> Iterator[Block]:
    """Yield the rows of a picture, (h, W, 3 or 4), a stripe at a time."""
    height, width = picture.size
    rows = max(1, STRIPE // 4 // width)
    for top in range(0, height, rows):
        block = picture.pixels[top : top + rows]
        if picture.alpha is not None:
            block = np.dstack([block, picture.alpha[top : top + rows]])
        yield block


def _save(file: IO[bytes], picture: Picture, suffix: str, quality: int | None, mark: str) -> None:
    """Write what Pillow writes."""
    image = Image.fromarray(picture.rgb)
    if picture.alpha is not None and _holds_alpha(suffix):
        image.putalpha(Image.fromarray(to_eight_bits(picture.alpha)))
    options: dict[str, Any] = {}
    if picture.profile:
        options["icc_profile"] = picture.profile
    if picture.metadata.dpi:
        options["dpi"] = picture.metadata.dpi
    if suffix in JPEG:
        options |= _jpeg_options(picture.metadata, quality, mark)
    elif suffix == ".webp":
        options |= _webp_options(picture.metadata, mark)
    image.save(file, format=Image.registered_extensions()[suffix], **options)


def _jpeg_options(said: Metadata, quality: int | None, mark: str) -> dict[str, Any]:
    """Return how a JPEG is coded: by the tables of a source that is one, if no quality is asked for."""
    coded: dict[str, Any] = {"subsampling": 0, "progressive": said.progressive}
    if quality is None and said.tables:
        coded["qtables"] = [list(table) for table in said.tables[:2]]
    else:
        coded["quality"] = QUALITY if quality is None else quality
    kept = {field for field in HOLDS[".jpg"] if getattr(said, field) and _holds(".jpg", said, field)}
    if "exif" in kept and said.exif:
        coded["exif"] = b"Exif\0\0" + ifd.exif_block(said.exif)
    packets = (xmp.told(said.xmp if "xmp" in kept else b"", words) for words in (mark, ""))
    if packet := next((packet for packet in packets if len(packet) <= LONGEST_SEGMENT), b""):
        coded["xmp"] = packet
    if "comment" in kept:
        coded["comment"] = said.comment
    if "iptc" in kept:
        coded["extra"] = _photoshop(said.iptc)
    return coded


def _photoshop(iptc: bytes) -> bytes:
    """Return the segment of a JPEG that holds IPTC records (Photoshop file formats, image resources)."""
    block = b"8BIM" + struct.pack(">HHI", IPTC_RESOURCE, 0, len(iptc)) + iptc + bytes(len(iptc) % 2)
    content = b"Photoshop 3.0\0" + block
    return b"\xff\xed" + struct.pack(">H", len(content) + 2) + content


def _webp_options(said: Metadata, mark: str) -> dict[str, Any]:
    """Return how a WebP is coded: lossless, since the luma is promised.

    Thirty times as fast as the default, a seventh larger. It has no place for the resolution but EXIF.
    """
    coded: dict[str, Any] = {"lossless": True, "exact": True, "method": 0, "quality": 0}
    if (directory := with_resolution(said)).tags:
        coded["exif"] = ifd.exif_block(directory)
    if packet := xmp.told(said.xmp, mark):
        coded["xmp"] = packet
    return coded
