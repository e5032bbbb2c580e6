"""Books in the process of the models: opened by the containers of `colorzoo run`, read page by page."""

from __future__ import annotations

import re
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path

from colorzoo.core.errors import DataError, ImageError
from colorzoo.core.imaging.image_io import Picture, read
from colorzoo.core.inference.prediction import Prediction
from colorzoo.core.interfaces.container import Container, Page
from colorzoo.jobs.film_frames import colored_frames
from colorzoo.jobs.opening import any_container_of, container_of, container_suffix, result_suffixes
from colorzoo.web.coloring_tasks import BookContent, WriteBook
from colorzoo.web.serve_settings import MEGABYTE, ServeSettings
from colorzoo.web.upload_store import TooLargeError

MOST_OPEN = 4
"""Books that are open, and films that are under way."""


def bound_books(settings: ServeSettings) -> None:
    """Let no book of this process take more than the settings allow."""
    Container.max_pixels = settings.pixels * 1_000_000
    Container.max_bytes = settings.disk * MEGABYTE // MOST_OPEN


@dataclass
class OpenedBook:
    """A container, and the page that is read next."""

    container: Container
    pages: Iterator[Page]
    number: int = 0

    def page(self, number: int) -> Picture:
        """Return a page; those in their order cost nothing besides."""
        if number != self.number:
            self.pages = self.container.pages_after(number)
        self.number = -1  # until it is read
        page = next(self.pages, None)
        if page is None:
            raise ImageError(f"{self.container.path.name}: has no page {number + 1}")
        picture = page.read()
        self.number = number + 1
        if picture.size[0] * picture.size[1] > Container.max_pixels:
            raise ImageError(f"{page.name}: {picture.size[1]}x{picture.size[0]} pixels, too large")
        return picture

    @cached_property
    def has_color(self) -> bool:
        """Whether most frames of a film have colour."""
        seen, looked_at = colored_frames(self.container)
        return seen > looked_at / 2


class BookReader:
    """The books that are open; those used longest ago are closed, and those whose file has gone."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.books: OrderedDict[Path, OpenedBook] = OrderedDict()

    def content(self, path: Path) -> BookContent | None:
        """Return what a book holds, None if it is no book.

        Raises:
            DataError: it is damaged or encrypted, or has no pages.
            TooLargeError: it holds too much.
        """
        cls = container_of(path) if container_suffix(path.name) else any_container_of(path)
        if cls is None:
            return None
        try:
            names = self._names(self._opened(path, cls).container)
        except BaseException:
            self._close(path)
            raise
        ending = cls.written_as or container_suffix(path.name) or result_suffixes(cls)[0]
        return BookContent(names, ending, cls.sequence)

    def _names(self, container: Container) -> tuple[str, ...]:
        count, names, file = container.page_count, [], container.path.name
        if count is None or count <= self.most:
            names = [page.name for page in islice(container.pages(), self.most + 1)]
        count = max(count or 0, len(names))
        if count > self.most:
            raise TooLargeError.of_pictures(file, count, self.most)
        if not names:
            raise DataError(f"{file}: no pictures in it")
        return tuple(names)

    def close_gone(self) -> None:
        """Close what was deleted."""
        for path in [one for one in self.books if not one.exists()]:
            self._close(path)

    def page(self, path: Path, number: int) -> Picture:
        """Return a page, from 0."""
        return self._opened(path).page(number)

    def frames(self, path: Path) -> Iterator[Picture]:
        """Yield the frames of a film."""
        return (page.read() for page in self._opened(path).container.pages())

    def film_has_color(self, path: Path) -> bool:
        """Return whether most frames of a film have colour."""
        return self._opened(path).has_color

    def write(self, task: WriteBook) -> tuple[str, ...]:
        """Write a book with other pages; return what was left out, each a clause."""
        container = self._opened(task.book.path).container
        pages = zip(container.pages(), task.pages, strict=True)
        container.write(task.target, (replaced(page, file) for page, file in pages))
        return tuple(container.notes)

    def _opened(self, path: Path, cls: type[Container] | None = None) -> OpenedBook:
        self.close_gone()
        book = self.books.pop(path, None)
        if book is None:
            cls = cls or container_of(path)
            if cls is None:
                raise FileNotFoundError(path)
            container = cls(path)
            book = OpenedBook(container, container.pages())
        self.books[path] = book
        while len(self.books) > MOST_OPEN:
            self._close(next(iter(self.books)))
        return book

    def _close(self, path: Path) -> None:
        if book := self.books.pop(path, None):
            book.container.close()


class FilmPredictions:
    """Films under way, each under one colouring: a frame depends on all before it."""

    def __init__(self) -> None:
        self.films: OrderedDict[str, tuple[int, Iterator[Prediction]]] = OrderedDict()

    def until(
        self, key: str, last: int, begin: Callable[[], Iterator[Prediction]]
    ) -> Iterator[tuple[int, Prediction]]:
        """Yield numbers and predictions of frames that were not made yet, to the last one that is wanted.

        begin: starts a film; one that is past that frame begins anew.
        """
        first, predictions = self.films.pop(key, (0, None))
        if predictions is None or first > last:
            first, predictions = 0, begin()
        yield from enumerate(islice(predictions, last + 1 - first), first)
        self.films[key] = last + 1, predictions
        while len(self.films) > MOST_OPEN:
            self.films.popitem(last=False)


def replaced(page: Page, file: Path | None) -> Picture | None:
    """Return a page with the pixels of a file, None where it stays."""
    return None if file is None else replace(page.read(), pixels=read(file).pixels)


def without_folders(message: str) -> str:
    """Return a message without the folders of this server, which a container names."""
    return re.sub(rf"{re.escape(tempfile.gettempdir())}/[\w.-]+/", "", message)
