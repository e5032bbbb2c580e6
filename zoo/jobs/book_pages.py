"""Colours the pages of one book as its container asks for them, and keeps what is done from a kill."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

from colorzoo.core.data.quality import MIN_COLOR_SPREAD, color_spread
from colorzoo.core.errors import DataError, ImageError
from colorzoo.core.files import atomic_path, folder_lock
from colorzoo.core.guidance.correspondence import Cells
from colorzoo.core.imaging.image_io import Picture, read, write
from colorzoo.core.inference.colorize import colorings
from colorzoo.core.inference.memory import release_free_memory
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.container import Container, Page
from colorzoo.core.interfaces.dataset import Progress
from colorzoo.jobs.film_frames import FilmFrames, clear_films, some_frames
from colorzoo.jobs.run_guidance import GuidanceRequest
from colorzoo.jobs.run_result import PageCounts

WAITING = ("*.png", "*/*.nut")
"""Coloured pages, and parts of films."""


@dataclass(frozen=True)
class PageSettings:
    """How pages are coloured.

    run: sha256 over all that they depend on besides themselves. options: validated, with a seed. recolor:
    whether pages that have colour are coloured too. frames: whether pages are taken for frames.
    """

    colorizer: Colorizer
    run: str
    options: Mapping[str, object]
    guidance: GuidanceRequest
    table: Cells | None = None
    recolor: bool = False
    frames: bool = False


class PageStore:
    """Coloured pages that wait for their book, in a hidden folder beside it; gone once it is written."""

    def __init__(self, folder: Path, run: str) -> None:
        self.folder, self.run = folder, run
        self.before = set(folder.glob("*.png"))

    def get(self, page: Page) -> Picture | None:
        """Return a page that is coloured already."""
        path = self._path(page)
        return read(path) if page.digest and path.exists() else None

    def is_of_before(self, page: Page) -> bool:
        """Say whether an earlier run coloured a page."""
        return self._path(page) in self.before

    def add(self, page: Page, picture: Picture) -> None:
        """Keep the pixels of a page."""
        if page.digest:
            write(self._path(page), Picture(picture.pixels))

    def _path(self, page: Page) -> Path:
        key = hashlib.sha256(f"{self.run} {page.digest}".encode()).hexdigest()[:40]
        return self.folder / f"{key}.png"


@contextmanager
def work_folder(target: Path) -> Iterator[Path]:
    """Hold the folder for the pages of a book; deleted at the end unless pages wait in it.

    Raises:
        DataError: another process colours the same book.
    """
    folder = target.with_name(f".{target.name}.pages")
    with folder_lock(folder, target):
        try:
            yield folder
        finally:
            if not any(chain.from_iterable(map(folder.glob, WAITING))):
                shutil.rmtree(folder)


def write_book(
    book: Container,
    target: Path,
    settings: PageSettings,
    counts: PageCounts,
    folder: Path,
    progress: Progress,
) -> None:
    """Colour the pages of a book and write it, whole or not at all.

    counts: of pages, which grow. folder: of `work_folder`, where pages wait.

    Raises:
        ColorzooError: of the container, the colorizer or the guidance.
    """
    pages = BookPages(book, settings, PageStore(folder, settings.run), progress, counts)
    try:
        with atomic_path(target) as part:
            book.write(part, pages.colored())
    except DataError:  # which no second run would mend
        clear_films(folder)
        raise
    clear_films(folder)
    for path in folder.glob("*.png"):
        path.unlink()


def page_pictures(book: Container, recolor: bool) -> Iterator[Picture]:
    """Yield the pages that would be coloured, as they are; what cannot be read is passed by."""
    for page in book.pages():
        try:
            picture = page.read()
        except ImageError:
            continue
        if recolor or book.sequence or not has_color(picture):
            yield picture


def has_color(picture: Picture) -> bool:
    """Say whether a page has colour already, beyond the tint of a scan."""
    return color_spread(picture.rgb) >= MIN_COLOR_SPREAD


def some_pictures(book: Container, count: int) -> list[Picture]:
    """Return a few grey pages of a book, to be looked at; any if it has no grey ones, or is a film."""
    if book.sequence:
        return list(some_frames(book, count))
    pages = list(islice(page_pictures(book, recolor=False), count))
    return pages or list(islice(page_pictures(book, recolor=True), count))


@dataclass
class BookPages:
    """The pages of one book on their way through the colorizer."""

    book: Container
    settings: PageSettings
    store: PageStore
    progress: Progress
    counts: PageCounts

    def colored(self) -> Iterator[Picture | None]:
        """Yield what stands in the place of each page, None where it stays as it is."""
        if self.book.sequence or self.settings.frames:
            folder = self.store.folder
            return FilmFrames(self.book, self.settings, folder, self.progress, self.counts).colored()
        return (self._page(page) for page in self._counted())

    def _counted(self) -> Iterator[Page]:
        total = self.book.page_count
        number = 0
        for number, page in enumerate(self.book.pages(), start=1):
            self.progress(number - 1, total or number)
            yield page
        self.progress(number, number)

    def _page(self, page: Page) -> Picture | None:
        try:
            picture = page.read()
        except ImageError as error:
            self.counts.unread.append(str(error))
            return None
        if not self.settings.recolor and has_color(picture):
            self.counts.had_color += 1
            return None
        if kept := self.store.get(page):
            self.counts.colored += 1
            self.counts.before += self.store.is_of_before(page)
            return replace(picture, pixels=kept.pixels)
        start = time.monotonic()
        colored = self._colored_page(picture)
        self.store.add(page, colored)
        self.counts.seconds += time.monotonic() - start
        self.counts.colored += 1
        return colored

    def _colored_page(self, picture: Picture) -> Picture:
        one = self.settings
        guidance = one.guidance.of(None, picture)
        (colored,) = colorings(one.colorizer, picture, one.options, guidance, one.table)
        release_free_memory()
        return colored
