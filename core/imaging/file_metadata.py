"""What a picture file says besides its pixels, and which of it is true of the coloured picture too."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import IO, Any

from PIL import Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

from colorzoo.core.imaging import ifd
from colorzoo.core.imaging.ifd import Directory, Values

FORMATS = {"JPEG": "jpg", "MPO": "jpg", "PNG": "png", "TIFF": "tif", "WEBP": "webp"}
"""Formats that are written as they were read, and their suffix."""
ORIENTATION, XMP, IPTC, PHOTOSHOP = 274, 700, 33723, 34377
STRUCTURE = frozenset(
    (*range(254, 269), *range(273, 282), 284, *range(288, 296), 297, 301, 317, *range(320, 348),
     *range(512, 522), *range(529, 533), 700, 33723, 34377, 34675, 37724, 59932, *range(50706, 51200))
)  # fmt: skip
"""Tags that say where and how the old pixels are stored, or are carried in another place than EXIF."""
WIDTH, HEIGHT = 40962, 40963
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT, INCH = 282, 283, 296, 2
IPTC_RESOURCE = 0x0404
LONGEST = 16_000_000
"""Most bytes of XMP, IPTC and texts that are carried."""


@dataclass(frozen=True)
class Metadata:
    """What a file says besides pixels, profile and alpha.

    format: suffix of the format that was read, png where that is not written. exif: tags of the first
    directory, those of pixel storage left out. iptc: records of IIM. texts: of PNG, by keyword.
    color_chunks: of PNG, by name. tables: of JPEG's quantisation. modified: time of the file in ns.
    """

    format: str = "png"
    exif: Directory | None = None
    xmp: bytes = b""
    iptc: bytes = b""
    dpi: tuple[float, float] | None = None
    comment: bytes = b""
    texts: tuple[tuple[str, str], ...] = ()
    color_chunks: tuple[tuple[bytes, bytes], ...] = ()
    tables: tuple[tuple[int, ...], ...] = ()
    progressive: bool = False
    modified: int | None = None
    notes: tuple[str, ...] = field(default=(), compare=False)


NO_METADATA = Metadata()


def metadata_of(
    image: Image.Image,
    info: dict[Any, Any],
    upright: tuple[int, int],
    file: IO[bytes],
    *,
    loaded: bool = True,
) -> Metadata:
    """Return what an image and its file say.

    info: of the image before it was turned. upright: width and height since. loaded: whether it is loaded;
    else texts behind the pixels of a PNG are not looked for.
    """
    block = _bytes(info.get("exif"))
    common = Metadata(
        format=FORMATS.get(image.format or "", "png"),
        exif=_cleaned(ifd.read_block(block, _is_kept), upright),
        xmp=_bytes(info.get("xmp")), dpi=_dpi(info), comment=_bytes(info.get("comment")),
        modified=_modified(file),
    )  # fmt: skip
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return _of_tiff(common, upright, file)
    if isinstance(image, PngImagePlugin.PngImageFile):
        texts = image.text if loaded else {key: text for key, text in info.items() if isinstance(text, str)}
        return _of_png(common, texts, info, upright)
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        return _of_jpeg(common, image, info)
    return common


def _modified(file: IO[bytes]) -> int | None:
    """Return when a file was changed, in ns; None for what is not on the disk."""
    try:
        return os.fstat(file.fileno()).st_mtime_ns
    except (OSError, AttributeError):
        return None


def _is_kept(tag: int) -> bool:
    return tag not in STRUCTURE or tag == ORIENTATION


def _bytes(value: object) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return data if isinstance(data, bytes) and len(data) <= LONGEST else b""


def _dpi(info: dict[Any, Any]) -> tuple[float, float] | None:
    try:
        across, down = (float(value) for value in info.get("dpi", ()))
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return (across, down) if 0 < across < 1e6 and 0 < down < 1e6 else None


def _cleaned(directory: Directory | None, upright: tuple[int, int]) -> Directory | None:
    """Return EXIF of the upright picture: orientation normal, sides as they are."""
    if directory is None:
        return None
    if ORIENTATION in directory.tags:
        directory.put(ORIENTATION, ifd.SHORT, 1)
    inner = directory.inner(ifd.EXIF)
    if inner:
        for tag, length in zip((WIDTH, HEIGHT), upright, strict=True):
            if tag in inner.tags:
                inner.put(tag, ifd.LONG, length)
    return directory if directory.tags else None


def _of_tiff(common: Metadata, upright: tuple[int, int], file: IO[bytes]) -> Metadata:
    carried = (XMP, IPTC, PHOTOSHOP)
    directory = ifd.read_directory(file, lambda tag: _is_kept(tag) or tag in carried) or Directory()
    xmp, iptc, photoshop = (_data(directory.tags.pop(tag, None)) for tag in carried)
    iptc = iptc or resource(photoshop, IPTC_RESOURCE)
    return replace(common, exif=_cleaned(directory, upright), xmp=xmp, iptc=iptc)


def _data(value: Values | Directory | None) -> bytes:
    return value.data if isinstance(value, Values) else b""


def resource(block: bytes, wanted: int) -> bytes:
    """Return one of the resources of a Photoshop block, empty if it is not there."""
    offset = 0
    while block[offset : offset + 4] == b"8BIM":
        number = int.from_bytes(block[offset + 4 : offset + 6], "big")
        offset += 6 + (block[offset + 6] // 2 + 1) * 2 if len(block) > offset + 6 else len(block)
        length = int.from_bytes(block[offset : offset + 4], "big")
        if number == wanted:
            return block[offset + 4 : offset + 4 + length]
        offset += 4 + length + length % 2
    return b""


def _of_jpeg(common: Metadata, image: JpegImagePlugin.JpegImageFile, info: dict[Any, Any]) -> Metadata:
    resources = info.get("photoshop")
    iptc = resources.get(IPTC_RESOURCE) if isinstance(resources, dict) else None
    extended = b"HasExtendedXMP" in common.xmp
    return replace(
        common,
        iptc=_bytes(iptc),
        tables=tuple(tuple(table) for _, table in sorted(image.quantization.items())),
        progressive=bool(info.get("progressive")),
        notes=("its extended XMP, behind the first 64 kB, is dropped",) * extended,
    )


RAW = "Raw profile type "
"""Keyword of the texts in which ImageMagick and ExifTool keep records that PNG had no place for."""


def _of_png(
    common: Metadata, said: Mapping[Any, Any], info: dict[Any, Any], upright: tuple[int, int]
) -> Metadata:
    texts = {str(key): str(text) for key, text in said.items() if key != "XML:com.adobe.xmp"}
    raw = {
        key.removeprefix(RAW).lower(): _raw_profile(texts.pop(key))
        for key in [*texts]
        if key.startswith(RAW)
    }
    exif = common.exif
    if exif is None and (block := raw.get("exif") or raw.get("app1", b"")):
        exif = _cleaned(ifd.read_block(block, _is_kept), upright)
    return replace(
        common,
        exif=exif,
        xmp=common.xmp or raw.get("xmp", b""),
        iptc=_iptc(raw.get("iptc", b"") or raw.get("8bim", b"")),
        comment=_bytes(texts.pop("Comment", "")),
        texts=tuple(texts.items()) if sum(map(len, texts.values())) <= LONGEST else (),
        color_chunks=_color_chunks(info),
    )


def _iptc(data: bytes) -> bytes:
    """Return the records alone, which some wrap into a Photoshop block."""
    return resource(data, IPTC_RESOURCE) if data.startswith(b"8BIM") else data


def _raw_profile(text: str) -> bytes:
    """Return what a text holds as hexadecimal digits, behind its name and length."""
    lines = text.strip().split("\n")
    try:
        return bytes.fromhex("".join(lines[2:])) if len(text) <= 2 * LONGEST else b""
    except ValueError:
        return b""


def raw_profile(name: str, data: bytes) -> str:
    """Return a record as the text that ImageMagick and ExifTool keep it in."""
    digits = data.hex()
    lines = [digits[start : start + 72] for start in range(0, len(digits), 72)]
    return "\n".join(["", name, f"{len(data):8}", *lines, ""])


def _color_chunks(info: dict[Any, Any]) -> tuple[tuple[bytes, bytes], ...]:
    """Return the chunks by which a PNG says its colours without a profile."""
    chunks: list[tuple[bytes, bytes]] = []
    if "icc_profile" in info:
        return ()
    if isinstance(info.get("gamma"), float):
        chunks.append((b"gAMA", round(info["gamma"] * 100_000).to_bytes(4, "big")))
    if isinstance(info.get("chromaticity"), tuple):
        values = (round(value * 100_000).to_bytes(4, "big") for value in info["chromaticity"])
        chunks.append((b"cHRM", b"".join(values)))
    if isinstance(info.get("srgb"), int):
        chunks.append((b"sRGB", info["srgb"].to_bytes(1, "big")))
    return tuple(chunks)


def with_resolution(said: Metadata) -> Directory:
    """Return EXIF, a copy, that says the resolution, which the file may have said elsewhere."""
    exif = said.exif or Directory()
    copy = Directory(exif.order, dict(exif.tags))
    if said.dpi and X_RESOLUTION not in copy.tags:
        for tag, value in zip((X_RESOLUTION, Y_RESOLUTION), said.dpi, strict=True):
            copy.put(tag, ifd.RATIONAL, *Fraction(value).limit_denominator(1_000).as_integer_ratio())
        copy.put(RESOLUTION_UNIT, ifd.SHORT, INCH)
    return copy
