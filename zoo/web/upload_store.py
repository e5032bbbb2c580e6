"""The pictures that clients sent: files of our own names in a folder of their own, which is swept."""

from __future__ import annotations

import hashlib
import secrets
import shutil
import time
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO

from filelock import FileLock, Timeout

from colorzoo.core.errors import ColorzooError, ImageError, UnknownNameError, printable
from colorzoo.core.files import atomic_write, cache_root
from colorzoo.core.imaging.decoding import identified, image_errors
from colorzoo.core.imaging.image_io import READABLE
from colorzoo.core.imaging.limits import bound_pixels, bound_scans
from colorzoo.web.coloring_tasks import StoredPicture
from colorzoo.web.serve_settings import MEGABYTE, ServeSettings

BOOKS = (".cbz", ".zip")
KEPT = (".jpg", ".png", ".tif", ".webp")
"""Formats in which colours go back as they came; the others become png."""
LONGEST_NAME = 120
RECENT = 60.0


class DiskFullError(ColorzooError):
    """The folder holds as much as it may."""


class TooLargeError(ColorzooError):
    """A request has more pictures or bytes than is taken."""


@dataclass
class Upload:
    """A picture of a client; suffix: of the format in which its colours go back."""

    id: str
    stored: StoredPicture
    suffix: str
    width: int
    height: int
    bytes: int
    used: float = field(default_factory=time.monotonic)


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

    def close(self) -> None:
        """Delete the folder."""
        self.lock.release()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def held(self) -> int:
        """How many bytes the folder holds."""
        return sum(upload.bytes for upload in self.uploads.values())

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
        upload.used = time.monotonic()
        return upload

    def add(self, name: str, data: IO[bytes]) -> list[Upload]:
        """Store a picture, or every picture of a comic book archive; name: what the client calls it.

        Raises:
            ImageError: no picture that is read, or damaged.
            TooLargeError: it holds too much.
            DiskFullError: the folder is full.
        """
        plain = plain_name(name)
        if data.read(4) == b"PK\x03\x04":
            data.seek(0)
            members = list(_members(plain, data, self.settings))
            return [self._store(member, BytesIO(content)) for member, content in members]
        data.seek(0)
        return [self._store(plain, data)]

    def sweep(self) -> None:
        """Delete what was not used for long."""
        oldest = time.monotonic() - self.settings.keep
        for upload in [one for one in self.uploads.values() if one.used < oldest]:
            self.delete(upload)

    def forget(self, uploads: Iterable[Upload]) -> None:
        """Delete several."""
        for upload in uploads:
            self.delete(upload)

    def _make_room(self, wanted: int) -> None:
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
        with suppress(OSError):
            upload.stored.path.unlink(missing_ok=True)

    def _store(self, name: str, data: IO[bytes]) -> Upload:
        width, height, suffix = probe(name, data, self.settings.pixels * 1_000_000)
        data.seek(0)
        content = data.read()
        self._make_room(len(content))
        upload_id = secrets.token_urlsafe(16)
        path = self.folder / upload_id
        with atomic_write(path) as file:
            file.write(content)
        stored = StoredPicture(path, name, hashlib.sha256(content).hexdigest())
        self.uploads[upload_id] = Upload(upload_id, stored, suffix, width, height, len(content))
        return self.uploads[upload_id]


def probe(name: str, data: IO[bytes], max_pixels: int) -> tuple[int, int, str]:
    """Return width, height and suffix of a picture without decoding its pixels.

    Raises:
        ImageError: no picture that is read, or too large.
    """
    data.seek(0)
    with image_errors(name):
        image = identified(data)
        bound_pixels(*image.size, max_pixels)
        bound_scans(image, data)
        suffix = f".{(image.format or 'png').lower()}".replace(".jpeg", ".jpg").replace(".tiff", ".tif")
        return image.width, image.height, suffix if suffix in KEPT else ".png"


def plain_name(name: str) -> str:
    """Return what a client calls a file as a plain name that any system can hold."""
    last = PurePosixPath(printable(name, 4096).replace("\\", "/")).name
    safe = "".join(c if c.isalnum() or c in " ._-()+,~" else "_" for c in last).strip(" .")
    return safe[-LONGEST_NAME:] or "picture"


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


def _members(name: str, data: IO[bytes], settings: ServeSettings) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of an archive's pictures in order, within the limits."""
    try:
        with zipfile.ZipFile(data) as archive:
            members = sorted(
                (one for one in archive.infolist() if _is_page(one.filename)), key=lambda one: one.filename
            )
            if len(members) > settings.frames:
                raise TooLargeError(f"{name}: {len(members)} pictures, at most {settings.frames} are taken")
            left = settings.body * MEGABYTE
            for member in members:
                with archive.open(member) as file:
                    content = file.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise TooLargeError(f"{name}: unpacks to more than {settings.body} MB")
                yield plain_name(member.filename), content
    except ColorzooError:
        raise
    except Exception as error:  # damaged archives raise anything
        raise ImageError(f"{name}: damaged archive ({printable(str(error), 80)})") from None
    if not members:
        raise ImageError(f"{name}: holds no pictures; expected {', '.join(READABLE)}")


def _is_page(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in READABLE and not hidden and not name.endswith("/")
