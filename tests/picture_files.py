"""Kinds of picture files that independent tools make, and what comes out when they are coloured.

The table in docs/files.md is made from these rows; tests/zoo/test_picture_files.py makes the files, colours
them and lets exiftool, exiv2, OpenCV and LittleCMS judge.
"""

from __future__ import annotations

import io
import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile
from PIL import Image, ImageCms

from colorzoo.testing import synthetic_picture

HEIGHT, WIDTH = 36, 48
RNG = np.random.default_rng(0)
DEEP = RNG.integers(0, 65536, (HEIGHT, WIDTH, 3)).astype(np.uint16)
DEEP_GRAY, DEEP_ALPHA = DEEP[..., 0].copy(), DEEP[..., 1].copy()
PHOTO = synthetic_picture(0, HEIGHT, WIDTH)
GRAY = cv2.cvtColor(PHOTO, cv2.COLOR_RGB2GRAY)
WRITTEN_AT = 1_000_000_000
CMYK_PROFILE = Path("/usr/share/color/icc/ghostscript/default_cmyk.icc")
"""Debian: libgs-common, which comes with imagemagick."""
CAMERA = (
    "-IFD0:Make=Kodak", "-IFD0:Model=Retina", "-IFD0:ImageDescription=Harbour", "-IFD0:Copyright=Nobody",
    "-ExifIFD:DateTimeOriginal=1931:05:17 08:30:00", "-ExifIFD:ExposureTime=1/60", "-ExifIFD:FNumber=5.6",
    "-ExifIFD:UserComment=grain", "-GPS:GPSLatitude=52.5", "-GPS:GPSLatitudeRef=N",
)  # fmt: skip
CAMERA_TAGS = (
    "IFD0:Make", "IFD0:Model", "IFD0:ImageDescription", "IFD0:Copyright", "ExifIFD:DateTimeOriginal",
    "ExifIFD:ExposureTime", "ExifIFD:FNumber", "ExifIFD:UserComment", "GPS:GPSLatitude",
    "GPS:GPSLatitudeRef",
)  # fmt: skip
TITLE = ("-XMP-dc:Title=Hafen", "-XMP-dc:Creator=Erika Muster")
TITLE_TAGS = ("XMP-dc:Title", "XMP-dc:Creator")
PRESS = ("-IPTC:Headline=Harbour at noon", "-IPTC:Keywords=ships")
PRESS_TAGS = ("IPTC:Headline", "IPTC:Keywords")
Check = Callable[[Path, Path], None]


@dataclass(frozen=True)
class FileKind:
    """A kind of file, and what comes out of it; a refusal is the message itself.

    told: what exiftool writes into it. kept: tags of the source that the result has too. gone: tags that it
    has not. format: asked for; None: that of the file.
    """

    feature: str
    outcome: str
    name: str
    make: Callable[[Path], Any]
    told: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    check: Check = lambda source, result: None
    format: str | None = None
    needs: str = ""


def jpeg(path: Path, **options: Any) -> None:
    Image.fromarray(PHOTO).save(path, quality=81, **options)


def gray_jpeg(path: Path) -> None:
    Image.fromarray(GRAY).save(path, quality=81, dpi=(300, 300))


def png(path: Path, **options: Any) -> None:
    Image.fromarray(GRAY).save(path, **options)


def webp(path: Path) -> None:
    Image.fromarray(PHOTO).save(path, lossless=True)


def opencv(*planes: Any) -> Callable[[Path], Any]:
    """Return a maker of a file of planes, written by OpenCV."""
    array = np.dstack(planes)
    stored = array[..., [2, 1, 0, 3]] if array.shape[2] == 4 else array[..., ::-1]
    return lambda path: cv2.imwrite(str(path), stored if array.shape[2] > 1 else array)


def tiff(array: Any, **options: Any) -> Callable[[Path], Any]:
    return lambda path: tifffile.imwrite(path, array, metadata=None, **options)


def command(array: Any, *words: str, **options: Any) -> Callable[[Path], Any]:
    """Return a maker that lets a program convert a TIFF; `in` and `out` are its files."""

    def make(path: Path) -> None:
        first = path.with_name(f"{path.stem}-source.tif")
        tifffile.imwrite(first, array, metadata=None, **options)
        names = {"in": str(first), "out": str(path)}
        subprocess.run([names.get(word, word) for word in words], check=True, capture_output=True)
        first.unlink()

    return make


def gray_alpha_png(path: Path) -> None:
    subprocess.run(
        ["convert", "-size", f"{WIDTH}x{HEIGHT}", "-depth", "16", "xc:gray(30%)", "-alpha", "set",
         "-channel", "A", "-evaluate", "set", "37.3%", "-define", "png:color-type=4",
         "-define", "png:bit-depth=16", str(path)],
        check=True, capture_output=True,
    )  # fmt: skip


def gray_profile() -> bytes:
    """Return a grey profile of gamma 1.8 (ICC.1:2001, version 2), made by hand."""
    text = b"desc" + bytes(4) + struct.pack(">I", 5) + b"grey\0" + bytes(78)
    white = b"XYZ " + bytes(4) + struct.pack(">iii", 63190, 65536, 54061)
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(1.8 * 256)) + bytes(2)
    tags, table, data = {b"desc": text, b"wtpt": white, b"kTRC": curve}, struct.pack(">I", 3), b""
    for name, content in tags.items():
        table += name + struct.pack(">II", 128 + 4 + 36 + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    size = 128 + len(table) + len(data)
    head = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02100000, b"mntr", b"GRAY", b"XYZ ")
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp"
    return head.ljust(68, b"\0") + struct.pack(">iii", 63190, 65536, 54061) + bytes(48) + table + data


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def stored(path: Path) -> Any:
    """Return the pixels of a file as OpenCV reads them, RGB first."""
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return pixels[..., [2, 1, 0, 3]] if pixels.shape[2] == 4 else pixels[..., ::-1]


def luma_is(expected: Any, levels: float = 0.51) -> Check:
    """Return a check that the result has 16 bits and the luma of RGB or grey to a part of a level."""
    weights = np.array([0.299, 0.587, 0.114])
    luma = expected @ weights if expected.ndim == 3 else expected.astype(float)

    def check(source: Path, result: Path) -> None:
        pixels = stored(result)
        assert pixels.dtype == np.uint16
        assert np.abs(pixels[..., :3] @ weights - luma).max() <= levels
        assert (pixels[..., 0] != pixels[..., 2]).mean() > 0.5  # it is coloured

    return check


def white_is_white(source: Path, result: Path) -> None:
    """Of 12 bits 4095 becomes 65535; OpenCV reads them without stretching."""
    values = cv2.imread(str(source), cv2.IMREAD_UNCHANGED) >> 4
    luma_is(np.round(values * (65535 / 4095)))(source, result)


def alpha_is(expected: Any, then: Check = lambda source, result: None) -> Check:
    def check(source: Path, result: Path) -> None:
        np.testing.assert_array_equal(stored(result)[..., 3], expected)
        then(source, result)

    return check


def same_profile(source: Path, result: Path) -> None:
    with Image.open(source) as before, Image.open(result) as after:
        assert after.info["icc_profile"] == before.info["icc_profile"]


def same_tone(source: Path, result: Path) -> None:
    """Grey has the same lightness by both profiles, as LittleCMS sees it."""
    lab, gray = ImageCms.createProfile("LAB"), Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    rgb = Image.merge("RGB", [gray] * 3)
    seen = []
    for path, image in ((source, gray), (result, rgb)):
        with Image.open(path) as file:
            profile = ImageCms.ImageCmsProfile(io.BytesIO(file.info["icc_profile"]))
        shown = ImageCms.profileToProfile(image, profile, lab, outputMode="LAB")
        seen.append(np.asarray(shown).astype(int))
    lightness, colour = np.abs(seen[0] - seen[1])[..., 0], np.abs(seen[1].astype(np.int8)[..., 1:])
    assert lightness.max() <= 1
    assert colour.max() <= 1
    assert ImageCms.getProfileName(profile).strip()


def same_resolution(source: Path, result: Path) -> None:
    with Image.open(source) as before, Image.open(result) as after:
        assert np.allclose(
            [float(x) for x in after.info["dpi"]], [float(x) for x in before.info["dpi"]], rtol=1e-3
        )


def same_tables(source: Path, result: Path) -> None:
    with Image.open(source) as before, Image.open(result) as after:
        assert after.quantization[0] == before.quantization[0]
        assert bool(after.info.get("progressive")) == bool(before.info.get("progressive"))
        assert after.layer[0][1:3] == after.layer[1][1:3] == (1, 1)  # no channel is smaller


def upright(source: Path, result: Path) -> None:
    with Image.open(result) as after:
        assert after.size == (HEIGHT, WIDTH)
        assert after.getexif().get(274, 1) == 1


def same_texts(source: Path, result: Path) -> None:
    with Image.open(source) as before, Image.open(result) as after:
        assert {key: after.text[key] for key in before.text} == before.text
        assert before.text


def same_time(source: Path, result: Path) -> None:
    assert result.stat().st_mtime == source.stat().st_mtime == WRITTEN_AT


def is_png(source: Path, result: Path) -> None:
    with Image.open(result) as after:
        assert after.format == "PNG"
        assert after.size == (WIDTH, HEIGHT)


def bytes_stay(tag: int) -> Check:
    """Return a check that the content of an EXIF tag is there byte for byte."""

    def check(source: Path, result: Path) -> None:
        with Image.open(source) as before, Image.open(result) as after:
            data = before.getexif().get_ifd(34665)[tag]
            assert data
            assert after.getexif().get_ifd(34665)[tag] == data

    return check


def maker_note(path: Path) -> None:
    exif = Image.Exif()
    exif.get_ifd(34665)[37500] = b"\x01\x00maker\x00\xff" * 40
    Image.fromarray(PHOTO).save(path, exif=exif)


def texts(path: Path) -> None:
    from PIL import PngImagePlugin

    told = PngImagePlugin.PngInfo()
    told.add_text("Title", "Harbour")
    told.add_itxt("Description", "Hafen am Mittag — 港")
    told.add_text("Comment", "found in a drawer")
    Image.fromarray(GRAY).save(path, pnginfo=told)


def with_time(path: Path) -> None:
    jpeg(path)
    os.utime(path, (WRITTEN_AT, WRITTEN_AT))


def pages(path: Path) -> None:
    first, second = Image.fromarray(GRAY), Image.fromarray(255 - GRAY)
    first.save(path, save_all=True, append_images=[second])


def wide_png(path: Path) -> None:
    Image.new("L", (16_384, 4), 90).save(path)


def cmyk_with_profile(path: Path) -> None:
    Image.fromarray(PHOTO).convert("CMYK").save(path, icc_profile=CMYK_PROFILE.read_bytes())


DROPPED_IN_WEBP = "EXIF and XMP are kept; its IPTC, comment are dropped, which webp cannot hold"
KINDS = [
    FileKind(
        "16-bit grey PNG",
        "PNG of 16 bits, luma to half a level",
        "a.png",
        opencv(DEEP_GRAY),
        check=luma_is(DEEP_GRAY),
    ),
    FileKind(
        "16-bit RGB PNG", "PNG of 16 bits, luma to half a level", "b.png", opencv(DEEP), check=luma_is(DEEP)
    ),
    FileKind(
        "16-bit RGB PNG with alpha",
        "PNG of 16 bits, the same alpha",
        "c.png",
        opencv(DEEP, DEEP_ALPHA),
        check=alpha_is(DEEP_ALPHA, luma_is(DEEP)),
    ),
    FileKind(
        "16-bit grey PNG with alpha",
        "PNG of 16 bits, the same alpha",
        "d.png",
        gray_alpha_png,
        check=alpha_is(round(0.373 * 65535), luma_is(np.full((HEIGHT, WIDTH), 19_661))),
    ),
    FileKind(
        "16-bit grey TIFF",
        "TIFF of 16 bits, luma to half a level",
        "a.tif",
        tiff(DEEP_GRAY),
        check=luma_is(DEEP_GRAY),
    ),
    FileKind(
        "16-bit RGB TIFF, LZW",
        "TIFF of 16 bits, packed by deflate",
        "b.tif",
        command(DEEP, "tiffcp", "-c", "lzw:2", "in", "out", photometric="rgb"),
        check=luma_is(DEEP),
    ),
    FileKind(
        "16-bit RGB TIFF, tiled, big-endian",
        "TIFF of 16 bits, in stripes",
        "c.tif",
        command(
            DEEP, "tiffcp", "-B", "-t", "-w", "16", "-l", "16", "-c", "zip", "in", "out", photometric="rgb"
        ),
        check=luma_is(DEEP),
    ),
    FileKind(
        "16-bit RGB TIFF with alpha",
        "TIFF of 16 bits, the same alpha",
        "d.tif",
        tiff(np.dstack([DEEP, DEEP_ALPHA]), photometric="rgb", extrasamples=["unassalpha"]),
        check=alpha_is(DEEP_ALPHA, luma_is(DEEP)),
    ),
    FileKind(
        "16-bit BigTIFF",
        "TIFF of 16 bits, luma to half a level",
        "e.tif",
        tiff(DEEP_GRAY, bigtiff=True),
        check=luma_is(DEEP_GRAY),
    ),
    FileKind(
        "12-bit grey TIFF",
        "TIFF of 16 bits, white is white",
        "f.tif",
        command(DEEP_GRAY, "convert", "in", "-depth", "12", "out"),
        check=white_is_white,
    ),
    FileKind(
        "white-is-zero 16-bit TIFF",
        "TIFF of 16 bits, black is black",
        "g.tif",
        tiff(DEEP_GRAY, photometric="miniswhite"),
        check=luma_is(65535 - DEEP_GRAY.astype(int)),
    ),
    FileKind(
        "16-bit TIFF, written as JPEG (`--format jpg`)",
        "metadata is kept; its 16 bits are rounded to 8, since jpg holds no more",
        "h.tif",
        tiff(DEEP_GRAY, resolution=(600, 600), resolutionunit="INCH"),
        (*CAMERA, *TITLE, *PRESS),
        (*CAMERA_TAGS, *TITLE_TAGS, *PRESS_TAGS),
        ("IFD0:StripOffsets", "IFD0:PhotometricInterpretation"),
        same_resolution,
        "jpg",
    ),
    FileKind(
        "16-bit RGB TIFF in planes",
        "refused: 16 bits in separate planes; save it with them interleaved, as `tiffcp -p contig` does",
        "i.tif",
        tiff(np.moveaxis(DEEP, 2, 0), photometric="rgb", planarconfig="separate"),
    ),
    FileKind(
        "16-bit grey TIFF with alpha",
        "refused: a kind of TIFF that is not read; save it with 8 bits a channel",
        "j.tif",
        tiff(np.dstack([DEEP_GRAY, DEEP_ALPHA]), photometric="minisblack", extrasamples=["unassalpha"]),
    ),
    FileKind(
        "TIFF of floating point",
        "refused: floating-point pixels; save it with 8 or 16 bits",
        "k.tif",
        tiff(DEEP_GRAY.astype(np.float32)),
    ),
    FileKind("TIFF of several pages", "only the first of its frames or pages is read", "l.tif", pages),
    FileKind(
        "EXIF, IPTC, XMP and 600 dpi in a TIFF",
        "the same in the TIFF that is written",
        "m.tif",
        tiff(DEEP_GRAY, resolution=(600, 600), resolutionunit="INCH"),
        (*CAMERA, *TITLE, *PRESS),
        (*CAMERA_TAGS, *TITLE_TAGS, *PRESS_TAGS),
        (),
        same_resolution,
    ),
    FileKind(
        "the same, big-endian, written as PNG",
        "the same in the PNG",
        "n.tif",
        tiff(DEEP_GRAY, resolution=(600, 600), resolutionunit="INCH", byteorder=">"),
        (*CAMERA, *TITLE, *PRESS),
        (*CAMERA_TAGS, *TITLE_TAGS, *PRESS_TAGS),
        (),
        same_resolution,
        "png",
    ),
    FileKind(
        "CIE Lab TIFF",
        "its CIE Lab colours are converted to sRGB",
        "o.tif",
        command(PHOTO, "convert", "in", "-colorspace", "Lab", "-depth", "8", "out", photometric="rgb"),
    ),
    FileKind(
        "CMYK TIFF",
        "its CMYK colours, of no profile, are converted by formula",
        "p.tif",
        lambda path: Image.fromarray(PHOTO).convert("CMYK").save(path),
    ),
    FileKind(
        "CMYK JPEG with a profile",
        "its CMYK colours are converted to sRGB by their profile",
        "q.jpg",
        cmyk_with_profile,
        gone=("ICC-header:ColorSpaceData",),
        needs=str(CMYK_PROFILE),
    ),
    FileKind(
        "RGB profile",
        "the same profile",
        "a.jpg",
        lambda path: jpeg(path, icc_profile=srgb_profile()),
        check=same_profile,
    ),
    FileKind(
        "grey profile",
        "an RGB profile of the same tone curve",
        "o.png",
        lambda path: png(path, icc_profile=gray_profile()),
        check=same_tone,
    ),
    FileKind("EXIF of camera, date and place in a JPEG", "the same", "b.jpg", jpeg, CAMERA, CAMERA_TAGS),
    FileKind(
        "notes of the camera's maker",
        "the same bytes; what they point to may have moved",
        "c.jpg",
        maker_note,
        check=bytes_stay(37500),
    ),
    FileKind(
        "EXIF orientation and a preview",
        "upright, orientation 1, no preview",
        "d.jpg",
        jpeg,
        (
            "-IFD0:Orientation#=6",
            "-XMP-tiff:Orientation#=6",
            "-ThumbnailImage<=THUMBNAIL",
            "-ExifIFD:ExifImageWidth=48",
        ),
        (),
        ("IFD1:ThumbnailImage", "XMP-tiff:Orientation"),
        upright,
    ),
    FileKind(
        "XMP with a history",
        "the same, and one more step in the history",
        "e.jpg",
        jpeg,
        (*TITLE, "-XMP-xmpMM:History=[{Action=scanned,SoftwareAgent=Scan 1}]"),
        TITLE_TAGS,
    ),
    FileKind(
        "IPTC and a comment in a JPEG",
        "the same",
        "f.jpg",
        lambda path: jpeg(path, comment="found in a drawer"),
        PRESS,
        (*PRESS_TAGS, "File:Comment"),
    ),
    FileKind(
        "the same, written as WebP",
        DROPPED_IN_WEBP,
        "g.jpg",
        lambda path: jpeg(path, comment="found in a drawer"),
        (*PRESS, *CAMERA, *TITLE),
        (*CAMERA_TAGS, *TITLE_TAGS),
        format="webp",
    ),
    FileKind(
        "JPEG of some quality, progressive",
        "the same quantisation, progressive, no channel subsampled",
        "h.jpg",
        lambda path: jpeg(path, progressive=True),
        check=same_tables,
    ),
    FileKind(
        "grey JPEG with 300 dpi",
        "the same quantisation, 300 dpi",
        "i.jpg",
        gray_jpeg,
        check=lambda source, result: (same_tables(source, result), same_resolution(source, result))[0],
    ),
    FileKind("time of the file", "the same", "j.jpg", with_time, check=same_time),
    FileKind("texts of a PNG", "the same", "e.png", texts, check=same_texts),
    FileKind(
        "the same, written as TIFF",
        "its texts are dropped, which tif cannot hold",
        "f.png",
        texts,
        format="tif",
    ),
    FileKind(
        "gamma and resolution of a PNG",
        "the same",
        "g.png",
        lambda path: png(path, dpi=(240, 240)),
        ("-PNG:Gamma=1.8",),
        ("PNG:Gamma",),
        (),
        same_resolution,
    ),
    FileKind(
        "EXIF and XMP in a PNG", "the same", "h.png", png, (*CAMERA, *TITLE), (*CAMERA_TAGS, *TITLE_TAGS)
    ),
    FileKind(
        "transparency, written as JPEG",
        "its transparency is dropped, which jpg cannot hold",
        "i.png",
        opencv(PHOTO, GRAY),
        format="jpg",
    ),
    FileKind(
        "WebP with EXIF, XMP and profile",
        "lossless WebP with the same",
        "a.webp",
        lambda path: Image.fromarray(PHOTO).save(path, lossless=True, icc_profile=srgb_profile()),
        (*CAMERA, *TITLE),
        (*CAMERA_TAGS, *TITLE_TAGS),
        (),
        same_profile,
    ),
    FileKind(
        "picture of 16,384 pixels a side as WebP",
        "refused: 16384x4 pixels are too large for webp, at most 16,383 a side; write png",
        "j.png",
        wide_png,
        format="webp",
    ),
    FileKind(
        "AVIF with EXIF",
        "PNG with the same",
        "a.avif",
        lambda path: Image.fromarray(PHOTO).save(path, quality=95),
        CAMERA,
        CAMERA_TAGS,
        (),
        is_png,
    ),
    FileKind("GIF", "PNG", "a.gif", lambda path: Image.fromarray(GRAY).save(path), check=is_png),
    FileKind(
        "BMP with 300 dpi",
        "PNG with 300 dpi",
        "a.bmp",
        lambda path: Image.fromarray(GRAY).save(path, dpi=(300, 300)),
        check=lambda source, result: (is_png(source, result), same_resolution(source, result))[0],
    ),
]
TOOLS = ("exiftool", "exiv2", "tiffcp", "convert")


def missing_tool() -> str | None:
    """Return a program that the files are made or judged by and that is not installed."""
    return next((name for name in TOOLS if shutil.which(name) is None), None)


def table() -> str:
    """Return the table of docs/files.md."""
    rows = [f"| {kind.feature} | {kind.outcome} |" for kind in KINDS]
    return "\n".join(["| a file with | what comes out |", "|---|---|", *rows])
