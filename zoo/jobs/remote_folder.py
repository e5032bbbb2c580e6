"""Folders that fsspec reaches, here, in S3 or elsewhere: pictures in them, and results with a manifest."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from colorzoo.core.errors import ConfigError, ImageError, printable
from colorzoo.core.imaging.image_io import READABLE
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.jobs.inputs import distinct
from colorzoo.jobs.run_batch import Batch
from colorzoo.jobs.run_folder import ResultFolder
from colorzoo.jobs.run_guidance import SIDECARS
from colorzoo.jobs.run_manifest import MANIFEST
from colorzoo.jobs.run_picture import Content
from colorzoo.jobs.run_settings import RunSettings

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

PARTS = ".colorized"
"""Folder of what was added to a manifest that cannot be appended to; joined at the end of a run."""
SAVE_SECONDS = 5.0


@dataclass(frozen=True)
class Store:
    """A folder of a file system of fsspec; it can be sent to other processes."""

    fs: AbstractFileSystem
    root: str

    @classmethod
    def of(cls, address: str) -> Store:
        """Return the folder of a path or an address.

        Raises:
            ConfigError: nothing that is installed can reach it.
        """
        import fsspec

        try:
            fs, root = fsspec.url_to_fs(address)
        except (ValueError, ImportError) as error:
            raise ConfigError(f"{printable(address)}: {printable(str(error))}") from None
        return cls(fs, root.rstrip("/"))

    @property
    def is_local(self) -> bool:
        """Whether it is a folder of this machine."""
        return "file" in (self.fs.protocol if isinstance(self.fs.protocol, tuple) else (self.fs.protocol,))

    def names(self) -> dict[str, dict[str, Any]]:
        """Return what is known of all files below it, by full name."""
        found: dict[str, dict[str, Any]] = self.fs.find(self.root, detail=True)
        return found

    def named(self, name: str) -> str:
        """Return a full name as users write it."""
        return name if self.is_local else str(self.fs.unstrip_protocol(name))

    def fetch(self, name: str, file: Path) -> None:
        """Copy a file of that full name here."""
        file.parent.mkdir(parents=True, exist_ok=True)
        self.fs.get_file(name, str(file))

    def put(self, file: Path, name: str) -> None:
        """Copy a file to a name below the folder; who looks sees all of it or nothing."""
        target = f"{self.root}/{name}"
        self.fs.makedirs(target.rpartition("/")[0], exist_ok=True)
        if self.is_local:  # object stores are atomic
            half = f"{target}.{uuid4().hex[:8]}.part"
            self.fs.put_file(str(file), half)
            self.fs.mv(half, target)
        else:
            self.fs.put_file(str(file), target)


class RemotePictures:
    """The pictures of folders in one store, with what tells whether one has changed."""

    def __init__(
        self, store: Store, listed: dict[str, dict[str, Any]], files: Sequence[tuple[Path, Path]]
    ) -> None:
        self.store, self.known, self.files = store, listed, files

    @classmethod
    def listed(cls, inputs: Sequence[str]) -> RemotePictures:
        """Return the pictures below folders or addresses, or these themselves.

        Raises:
            ImageError: there are none.
            ConfigError: they are in stores of two kinds.
        """
        known: dict[str, dict[str, Any]] = {}
        files: list[tuple[Path, Path]] = []
        stores = [Store.of(text) for text in inputs]
        if len({type(store.fs) for store in stores}) > 1:
            raise ConfigError("pictures of two kinds of stores: run once for each")
        for text, store in zip(inputs, stores, strict=True):
            below = store.names()
            names = sorted(
                (name for name in below if _is_picture(name, store.root)), key=lambda n: n.split("/")
            )
            if not names:
                raise ImageError(f"{printable(text)}: no pictures; expected files of {', '.join(READABLE)}")
            known |= below
            files += [(Path(name), _target(name, store.root)) for name in names]
        return cls(stores[0], known, distinct(files))

    def beside(self, path: Path) -> list[str]:
        """Return the full names of the files of hints beside a picture."""
        names = (str(path.with_name(path.stem + ending)) for ending in (SIDECARS[1], SIDECARS[0]))
        return [name for name in names if name in self.known]

    def stamps(self, path: Path) -> tuple[int, ...]:
        """Return what changes when a picture, or a file of hints beside it, does."""
        return tuple(number for name in (str(path), *self.beside(path)) for number in self._stamp(name))

    def content(self, path: Path) -> Content:
        """Read a picture and the files of hints beside it for their digests."""
        names = [str(path), *self.beside(path)]
        digest, *beside = (hashlib.sha256(self.store.fs.cat_file(name)).hexdigest() for name in names)
        return Content(digest, tuple(beside), self.stamps(path))

    def _stamp(self, name: str) -> tuple[int, int]:
        """Return the size of a file, and a number for what the store says of its version."""
        info = self.known[name]
        fields = ("ETag", "etag", "md5Hash", "generation", "ino", "mtime", "LastModified", "created")
        text = repr([(field, info[field]) for field in fields if field in info])
        return int(info.get("size") or 0), int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


class RemoteFolder(ResultFolder):
    """Results in a store; their manifest is kept here during a run, and saved there again and again."""

    def __init__(self, stage: Path, store: Store) -> None:
        self.store = store
        listed = store.names()
        self.there = {name.removeprefix(f"{store.root}/") for name in listed}
        parts = sorted(name for name in self.there if name.startswith(f"{PARTS}/"))
        with (stage / MANIFEST).open("wb") as file:
            for name in [*([MANIFEST] if MANIFEST in self.there else []), *parts]:
                file.write(store.fs.cat_file(f"{store.root}/{name}"))
        super().__init__(stage)
        self._saved, self._size, self._parts = time.monotonic(), self.manifest.path.stat().st_size, parts

    def save(self, *, seldom: bool = False, last: bool = False) -> None:
        """Save what was added to the manifest; seldom: every few seconds; last: as one file."""
        size = self.manifest.path.stat().st_size
        if last and (self._parts or size != self._size):
            self.store.put(self.manifest.path, MANIFEST)
            for name in self._parts:
                self.store.fs.rm_file(f"{self.store.root}/{name}")
            if self._parts and self.store.is_local:  # others have no folders
                self.store.fs.rmdir(f"{self.store.root}/{PARTS}")
            self._parts = []
        elif (
            not last
            and size != self._size
            and not (seldom and time.monotonic() - self._saved < SAVE_SECONDS)
        ):
            with self.manifest.path.open("rb") as file:
                file.seek(self._size)
                part = self.out / f"part-{time.time_ns()}.jsonl"
                part.write_bytes(file.read())
            self._parts.append(f"{PARTS}/{part.name}")
            self.store.put(part, self._parts[-1])
            part.unlink()
            self._saved, self._size = time.monotonic(), size

    def has(self, file: Path) -> bool:
        return file.relative_to(self.out).as_posix() in self.there

    def holds(self, file: Path) -> bool:
        return self.has(file)

    def delete(self, file: Path) -> None:
        name = file.relative_to(self.out).as_posix()
        if name in self.there:
            self.store.fs.rm_file(f"{self.store.root}/{name}")
            self.there.discard(name)


class RemoteBatch(Batch):
    """The pictures of one run on a cluster."""

    def __init__(
        self, colorizer: Colorizer, folder: RemoteFolder, settings: RunSettings, pictures: RemotePictures
    ) -> None:
        super().__init__(colorizer, folder, settings, pictures.files)
        self.remote, self.pictures = folder, pictures

    def stamps(self, path: Path) -> tuple[int, ...]:
        return self.pictures.stamps(path)

    def content(self, path: Path) -> Content:
        return self.pictures.content(path)

    def named(self, path: Path) -> str:
        return self.pictures.store.named(str(path))


def _is_picture(name: str, root: str) -> bool:
    inner = PurePosixPath(name.removeprefix(root))
    hidden = any(part.startswith(".") for part in inner.parts)
    return inner.suffix.lower() in READABLE and not hidden and not inner.name.lower().endswith(SIDECARS)


def _target(name: str, root: str) -> Path:
    return Path(name.removeprefix(f"{root}/") if name != root else PurePosixPath(name).name)
