"""Measure what stays of books and films that are coloured, by the programs that others read them with.

    python -m bench.books --data comics/peppercarrot [-o docs/results/books]

book   the 23 grey test pages of Pepper&Carrot as JPEG, a cover in colour and ComicInfo.xml, a CBZ by cgan;
       judged by lsar, unar, zipfile and Pillow
scans  ten of these pages as a PDF, by cgan; judged by pdfimages and pdftoppm
film   twenty seconds of a pan over one of them with sound, by unet; judged by ffmpeg and ffprobe

Needs unar, poppler-utils and ffmpeg, and the extras pdf and video.
"""

from __future__ import annotations

import argparse
import io
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from bench import table
from colorzoo.datasources.pages import Pages

COVER, COMIC_INFO = "000-cover.jpg", "ComicInfo.xml"
SCANS, SCAN_DPI, RENDER_DPI = 10, 150, 40
SECONDS, FRAME_RATE, FRAME = 20, 12, "192:144"
COLORED = 2.0
"""Levels of 255 that channels differ by, on average, from which on a picture has colour."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument("--keep", type=Path, help="folder for what is made; by default it is deleted")
    options = parser.parse_args()
    pages = Pages(options.data, "test").files
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        result = {measure.__name__: measure(pages, folder) for measure in (book, scans, film)}
    table.show(result, options.out)


def book(pages: Sequence[Path], folder: Path) -> dict[str, object]:
    """Return what became of a CBZ."""
    source, out = folder / "book.cbz", folder / "out.cbz"
    info = f"<ComicInfo><Title>Test</Title><PageCount>{len(pages) + 1}</PageCount></ComicInfo>"
    with zipfile.ZipFile(source, "w") as archive:
        archive.writestr(COMIC_INFO, info)
        archive.writestr(COVER, pages[0].read_bytes())
        for number, page in enumerate(pages, start=1):
            archive.writestr(f"{number:03}.jpg", gray_jpeg(page))
    colored("cgan", source, out)
    before, after = contents(source), contents(out)
    names = [name for name in before if name not in (COVER, COMIC_INFO)]
    pairs = [tuple(Image.open(io.BytesIO(data[name])) for data in (before, after)) for name in names]
    subprocess.run(["unar", "-quiet", "-o", folder / "unpacked", out], check=True, capture_output=True)
    unpacked = [path for path in (folder / "unpacked").rglob("*") if path.is_file()]
    return {
        "members, before": len(before),
        "members in the same order": yes([*before] == [*after]),
        "lsar -t": said("lsar", "-t", out).splitlines()[-1],
        "unar: members equal to those that zipfile reads": count(
            path.read_bytes() == after[path.name] for path in unpacked
        ),
        "python -m zipfile -t": said(sys.executable, "-m", "zipfile", "-t", out).strip(),
        "cover, byte for byte": yes(before[COVER] == after[COVER]),
        "ComicInfo.xml, byte for byte": yes(before[COMIC_INFO] == after[COMIC_INFO]),
        "pages of the same size": count(old.size == new.size for old, new in pairs),
        "pages in colour": count(has_color(new) for _, new in pairs),
        "luma of decoded RGB, mean deviation of 255 levels": float(
            np.mean([luma_deviation(*pair) for pair in pairs])
        ),
        "size of the file, of the grey one": out.stat().st_size / source.stat().st_size,
    }


def scans(pages: Sequence[Path], folder: Path) -> dict[str, object]:
    """Return what became of a PDF."""
    import img2pdf

    source, out = folder / "scans.pdf", folder / "out.pdf"
    layout = img2pdf.get_fixed_dpi_layout_fun((SCAN_DPI, SCAN_DPI))
    source.write_bytes(img2pdf.convert([gray_jpeg(page) for page in pages[-SCANS:]], layout_fun=layout))
    colored("cgan", source, out)
    before, after = pdf_images(source), pdf_images(out)
    sheets = list(zip(rendered(source, folder / "a"), rendered(out, folder / "b"), strict=True))
    return {
        "pictures, before": len(before),
        "pdfimages: page, width, height, ppi equal": count(
            old[:5] == new[:5] for old, new in zip(before, after, strict=True)
        ),
        "pdfimages: colour, before": ", ".join(sorted({row[5] for row in before})),
        "pdfimages: colour, after": ", ".join(sorted({row[5] for row in after})),
        "pages of the same size as drawn by pdftoppm": count(old.size == new.size for old, new in sheets),
        "drawn in colour": count(has_color(new) for _, new in sheets),
        "luma as drawn, mean deviation of 255 levels": float(np.mean([luma_deviation(*s) for s in sheets])),
        "size of the file, of the grey one": out.stat().st_size / source.stat().st_size,
    }


def film(pages: Sequence[Path], folder: Path) -> dict[str, object]:
    """Return what became of a film with sound."""
    source, out = folder / "film.mp4", folder / "out.mp4"
    pan = f"crop={FRAME}:x=n*2:y=n*3,format=gray,format=yuv420p"
    said(
        "ffmpeg", "-v", "error", "-y", "-loop", "1", "-framerate", FRAME_RATE, "-i", pages[5],
        "-f", "lavfi", "-i", "sine=440", "-t", SECONDS, "-vf", pan, "-c:a", "aac", source,
    )  # fmt: skip
    colored("unet", source, out)
    before, after = streams(source), streams(out)
    shown = said("ffmpeg", "-v", "warning", "-i", out, "-f", "null", "-")
    still = folder / "still.png"
    said("ffmpeg", "-v", "error", "-y", "-ss", "5", "-i", out, "-frames:v", "1", still)
    md5 = [said("ffmpeg", "-v", "error", "-i", path, "-map", "0:a", "-c", "copy", "-f", "md5", "-").strip()
           for path in (source, out)]  # fmt: skip
    return {
        "frames, seconds and start of picture, before": before["video"],
        "frames, seconds and start of picture, after": after["video"],
        "packets, seconds and start of sound, before": before["audio"],
        "packets, seconds and start of sound, after": after["audio"],
        "md5 of the sound, copied by ffmpeg, equal": yes(md5[0] == md5[1]),
        "ffmpeg -v warning": shown.strip() or "nothing",
        "in colour": yes(has_color(Image.open(still))),
    }


def gray_jpeg(page: Path) -> bytes:
    """Return a page without its colour, as a scanner would write it."""
    buffer = io.BytesIO()
    Image.open(page).convert("L").save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def colored(model: str, source: Path, out: Path) -> None:
    """Run colorzoo."""
    said(Path(sys.executable).with_name("colorzoo"), "run", model, source, "-o", out)


def said(*command: object) -> str:
    """Return what a program says; raise where it fails."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr}")
    return done.stdout + (done.stderr if "warning" in command else "")


def contents(path: Path) -> dict[str, bytes]:
    """Return the members of an archive, in their order."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pdf_images(path: Path) -> list[tuple[str, ...]]:
    """Return page, width, height, ppi across and down, and colour of the pictures in a PDF."""
    rows = [line.split() for line in said("pdfimages", "-list", path).splitlines()[2:]]
    return [(row[0], row[3], row[4], row[12], row[13], row[5]) for row in rows]


def rendered(path: Path, folder: Path) -> list[Image.Image]:
    """Return the pages of a PDF as poppler draws them."""
    folder.mkdir()
    said("pdftoppm", "-r", RENDER_DPI, path, folder / "page")
    return [Image.open(page) for page in sorted(folder.iterdir())]


def streams(path: Path) -> dict[str, str]:
    """Return packets, seconds and start of each stream of a film, by what it is."""
    entries = "stream=codec_type,nb_read_packets,duration,start_time"
    lines = said(
        "ffprobe", "-v", "error", "-count_packets", "-show_entries", entries, "-of", "csv=p=0", path
    )
    rows = [line.split(",") for line in lines.split()]
    return {
        name: f"{packets}, {float(length):.3f}, {float(start):.3f}" for name, start, length, packets in rows
    }


def luma_deviation(before: Image.Image, after: Image.Image) -> float:
    """Return the mean absolute difference of the luma of two pictures, in levels of 255."""
    first, second = (luma(picture) for picture in (before, after))
    return float(np.abs(first - second).mean())


def luma(picture: Image.Image) -> npt.NDArray[np.float64]:
    return np.asarray(np.asarray(picture.convert("RGB"), np.float64) @ [0.299, 0.587, 0.114])


def has_color(picture: Image.Image) -> bool:
    pixels = np.asarray(picture.convert("RGB"), np.float64)
    return bool((pixels.max(-1) - pixels.min(-1)).mean() > COLORED)


def count(checks: Iterable[bool]) -> str:
    """Return how many hold, of how many."""
    results = list(checks)
    return f"{sum(results)} of {len(results)}"


def yes(holds: bool) -> str:
    return "yes" if holds else "no"


if __name__ == "__main__":
    main()
