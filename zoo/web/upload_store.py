"""The pictures and books that clients sent: files in a folder of their own, which is swept."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from os import SEEK_END
from pathlib import Path, PurePosixPath
from typing import IO

from filelock import FileLock, Timeout

from colorzoo.core.errors import ColorzooError, UnknownNameError, printable
from colorzoo.core.files import atomic_write, cache_root
from colorzoo.web.coloring_tasks import BookContent, StoredPicture
from colorzoo.web.received_file import KEPT, Book, Upload, plain_name, probe
from colorzoo.web.serve_settings import MEGABYTE, ServeSettings

RECENT = 60.0


class DiskFullError(ColorzooError):
    """The folder holds as much as it may."""


class TooLargeError(ColorzooError):
    """A request has more pictures or bytes than is taken."""

    @classmethod
    def of_pictures(cls, name: str, count: int, most: int) -> TooLargeError:
        """Return the error that a request, or a book of a name, has too many pictures."""
        return cls(f"{name}: {count} pictures, at most {most} are taken here; --max-frames raises it")


class UploadStore:
    """Uploads by id, in a folder that no other server has; old ones go."""

    def __init__(self, settings: ServeSettings) -> None:
        self.settings = settings
        root = cache_root() / "serve"
        root.mkdir(parents=True, exist_ok=True)
        sweep_folders(root)
        self.folder = root / secrets.token_hex(8)
        self.folder.mkdir(mode=0o700)
        self.lock = FileLock(self.folder / "lock")
        self.lock.acquire(timeout=0)
        self.uploads: dict[str, Upload] = {}
        self.working = 0

    def close(self) -> None:
        """Delete the folder."""
        self.lock.release()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def held(self) -> int:
        """How many bytes the folder holds."""
        return sum(upload.bytes for upload in self.uploads.values()) + self.working

    def get(self, upload_id: str) -> Upload:
        """Return an upload.

        Raises:
            UnknownNameError: it is not here, or not any more.
        """
        upload = self.uploads.get(upload_id)
        if upload is None:
            raise UnknownNameError(
                "picture", printable(upload_id, 40), (), "it is not held any more: send it again"
            )
        upload.touch()
        return upload

    def add(self, name: str, data: IO[bytes]) -> Upload:
        """Store a picture; name: what the client calls it.

        Raises:
            ImageError: no picture that is read, or damaged.
            DiskFullError: the folder is full.
        """
        name = plain_name(name)
        width, height, suffix = probe(name, data, self.settings.pixels * 1_000_000)
        upload_id = secrets.token_urlsafe(16)
        stored, size = self._stored(self.folder / upload_id, name, data)
        self.uploads[upload_id] = Upload(upload_id, stored, suffix, width, height, size)
        return self.uploads[upload_id]

    def add_book(self, name: str, data: IO[bytes]) -> Book:
        """Store what may be a book, whose pages are not known yet.

        Raises:
            DiskFullError: the folder is full.
        """
        name, book_id = plain_name(name), secrets.token_urlsafe(16)
        folder = self.folder / book_id
        folder.mkdir(mode=0o700)
        try:
            return Book(book_id, *self._stored(folder / name, name, data))
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    def add_pages(self, book: Book, content: BookContent) -> list[Upload]:
        """Hold the pages of a book."""
        book.stored, book.ending = replace(book.stored, film=content.film), content.ending
        if not book.stored.path.name.lower().endswith(content.ending) and not book.stored.path.suffix:
            named = book.stored.path.with_name(book.stored.path.name + content.ending)
            book.stored = replace(book.stored, path=book.stored.path.rename(named))
        share = -(-book.bytes // len(content.names))
        for number, name in enumerate(map(plain_name, content.names)):
            upload_id = secrets.token_urlsafe(16)
            suffix = PurePosixPath(name).suffix.lower().replace(".jpeg", ".jpg").replace(".tiff", ".tif")
            stored = replace(book.stored, name=name, page=number)
            page = Upload(upload_id, stored, suffix if suffix in KEPT else ".png", 0, 0, share, book)
            self.uploads[upload_id] = page
            book.pages.append(page)
        return book.pages

    def drop(self, book: Book) -> None:
        """Delete the file of a book."""
        shutil.rmtree(book.stored.path.parent, ignore_errors=True)

    @contextmanager
    def workspace(self) -> Iterator[Workspace]:
        """Yield a folder for what is put together, whose files count like pictures; deleted at the end."""
        work = Workspace(self, self.folder / secrets.token_urlsafe(16))
        work.folder.mkdir(mode=0o700)
        try:
            yield work
        finally:
            self.working -= work.size
            shutil.rmtree(work.folder, ignore_errors=True)

    def sweep(self) -> None:
        """Delete what was not used for long."""
        oldest = time.monotonic() - self.settings.keep
        for upload in [one for one in self.uploads.values() if one.used < oldest]:
            self.delete(upload)

    def forget(self, uploads: Iterable[Upload]) -> None:
        """Delete several."""
        for upload in uploads:
            self.delete(upload)

    def make_room(self, wanted: int) -> None:
        """Delete the pictures that were used longest ago, but none of the last minute."""
        recent = time.monotonic() - RECENT
        for upload in sorted(self.uploads.values(), key=lambda one: one.used):
            if self.held + wanted <= self.settings.disk * MEGABYTE:
                return
            if upload.used < recent:
                self.delete(upload)
        if self.held + wanted > self.settings.disk * MEGABYTE:
            raise DiskFullError("the server holds as many pictures as it may; try again in a while")

    def delete(self, upload: Upload) -> None:
        """Delete an upload."""
        self.uploads.pop(upload.id, None)
        if upload.book is None:
            with suppress(OSError):
                upload.stored.path.unlink(missing_ok=True)
        elif upload in upload.book.pages:
            upload.book.pages.remove(upload)
            if not upload.book.pages:
                self.drop(upload.book)

    def _stored(self, path: Path, name: str, data: IO[bytes]) -> tuple[StoredPicture, int]:
        size = data.seek(0, SEEK_END)
        self.make_room(size)
        data.seek(0)
        with atomic_write(path) as file:
            shutil.copyfileobj(data, file)
        data.seek(0)
        return StoredPicture(path, name, hashlib.file_digest(data, "sha256").hexdigest()), size  # type: ignore[arg-type]


@dataclass
class Workspace:
    """A folder whose files count against the disk of a store."""

    store: UploadStore
    folder: Path
    size: int = 0

    def add(self, name: str, data: bytes) -> Path:
        """Write a file.

        Raises:
            DiskFullError: the folder of the store is full.
        """
        self.take(len(data))
        path = self.folder / name
        path.write_bytes(data)
        return path

    def take(self, count: int) -> None:
        """Count bytes that are written.

        Raises:
            DiskFullError: as in `add`.
        """
        self.store.make_room(count)
        self.size += count
        self.store.working += count


def sweep_folders(root: Path) -> None:
    """Delete the folders of servers that are gone."""
    for folder in root.iterdir():
        if folder.is_symlink() or not folder.is_dir():
            continue
        lock = FileLock(folder / "lock")
        with suppress(Timeout, OSError):
            lock.acquire(timeout=0)
            lock.release()
            shutil.rmtree(folder, ignore_errors=True)
