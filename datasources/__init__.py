"""The built-in dataset sources, folders, Labeled Faces in the Wild, pages of comics; and containers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from colorzoo.core import Entry, hookimpl

if TYPE_CHECKING:
    import typer

ZIPS = (".zip", ".cbz")
RARS = (".cbr", ".rar")
TARS = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
VIDEOS = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi")
OTHER_VIDEOS = (".mpg", ".mpeg", ".vob", ".ts", ".mts", ".m2ts", ".flv", ".ogv", ".3gp", ".dv", ".mxf")
PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff")


@hookimpl
def register_datasets() -> list[Entry]:
    """Announce the sources."""
    package = "colorzoo.datasources"
    return [
        Entry("zip", f"{package}.archives:Zip", "pictures in a zip or cbz file, read in place", ZIPS),
        Entry("tar", f"{package}.archives:Tar", "pictures in a tar file, plain or compressed", TARS),
        Entry(
            "hf",
            f"{package}.huggingface:HuggingFace",
            "an image column of a dataset on the Hugging Face Hub",
        ),
        Entry(
            "packed", f"{package}.packed_folder:PackedFolder", "what `data prepare --format packed` wrote"
        ),
        Entry("picture", f"{package}.image_folder:OnePicture", "one picture file", PICTURES),
        Entry("folder", f"{package}.image_folder:Folder", "pictures below a folder, recursively"),
        Entry("lfw", f"{package}.lfw:LFW", "Labeled Faces in the Wild, deep funneled, split by person"),
        Entry("manga", f"{package}.manga.crawled:Manga", "pages fetched by `colorzoo data crawl`"),
        Entry("pages", f"{package}.pages:Pages", "pages of comics, a folder per chapter, split by chapter"),
        Entry("panels", f"{package}.pages:Panels", "the same pages cut into squares, for training"),
    ]


@hookimpl
def register_containers() -> list[Entry]:
    """Announce what is opened that holds several pictures."""
    package = "colorzoo.datasources.containers"
    return [
        Entry("epub", f"{package}.zip_book:Epub", "pictures of an EPUB, in their places", (".epub",)),
        Entry("cbz", f"{package}.zip_book:ZipBook", "a comic book or any zip file of pictures", ZIPS),
        Entry("cbt", f"{package}.tar_book:TarBook", "a comic book in a tar file", (".cbt", ".tar")),
        Entry("cbr", f"{package}.repacked:RarBook", "a comic book in a rar file, written as cbz", RARS),
        Entry(
            "cb7",
            f"{package}.repacked:SevenZipBook",
            "a comic book in a 7z file, written as cbz",
            (".cb7", ".7z"),
        ),
        Entry("pdf", f"{package}.pdf_book:PdfBook", "pictures of a PDF, in their places", (".pdf",)),
        Entry("tiff", f"{package}.tiff_book:TiffBook", "a TIFF of several pages", (".tif", ".tiff")),
        Entry("gif", f"{package}.animation:Gif", "an animated GIF", (".gif",)),
        Entry("apng", f"{package}.animation:Apng", "an animated PNG", (".png", ".apng")),
        Entry("webp", f"{package}.animation:WebP", "an animated WebP", (".webp",)),
        Entry("video", f"{package}.video:Video", "a video: MP4, MOV, MKV, WebM, AVI", VIDEOS),
        Entry(
            "film", f"{package}.video:OtherVideo", "a video in another format, written as mkv", OTHER_VIDEOS
        ),
    ]


@hookimpl
def register_commands(cli: typer.Typer) -> None:
    """Add `colorzoo data crawl` and `colorzoo data sites`."""
    from colorzoo.datasources.manga.crawl_command import add_to

    add_to(cli)


@hookimpl
def register_sites() -> list[Path]:
    """Announce the site profiles that come with colorzoo."""
    return sorted((Path(__file__).parent / "manga" / "sites").glob("*.toml"))
