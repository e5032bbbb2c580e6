"""Pictures in zip (cbz) and tar archives, read where they are: nothing is unpacked."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import struct
import tarfile
import threading
import zipfile
import zlib
from abc import abstractmethod
from collections.abc import Iterator
from functools import cached_property
from lzma import LZMAError
from typing import Any, Self

from colorzoo.core.data.address import local_path
from colorzoo.core.data.archive import is_picture
from colorzoo.core.errors import DataError, printable
from colorzoo.core.files import path_id, require_unchanged, stamp_of
from colorzoo.core.imaging.image_io import read, read_reduced
from colorzoo.core.interfaces.dataset import NOTHING, Dataset, Sample, SourceInfo, require_split
from colorzoo.core.isolation import reason
from colorzoo.datasources.image_folder import SPLITS, in_split

MEMBER_BYTES = 200_000_000
MAX_MEMBERS = 1_000_000
MAX_RATIO, FREE_BYTES = 100, 1_000_000_000
"""Most bytes that all files unpack to: so many times the archive's own, and some."""
NAME_BYTES = 1_000_000
"""Most bytes of a long name in a tar file, which are read before anything else is known."""
NAMES = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE, b"X")
DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    struct.error,
    LZMAError,
    ArithmeticError,
    AssertionError,
    EOFError,
    LookupError,
    MemoryError,
    NotImplementedError,
    OSError,
    ValueError,
)
"""What the readers of the standard library raise when an archive is damaged."""


class ArchiveDataset(Dataset):
    """Base of the archives: ids are the members' paths, splits those of a folder of the same files.

    Members that leave the archive's folder, come twice or are too large are errors; links, hidden files
    and what is no picture are passed over. Opened once per process and thread; one that is replaced
    meanwhile is an error.

    Raises:
        DataError: there is no such archive, it is damaged or refused, or has no pictures.
    """

    splits = SPLITS
    compared_split = "all"
    info = SourceInfo(title="Pictures of an archive", license="unknown")

    def __init__(self, location: str | None = None, split: str = "all") -> None:
        self.path = local_path(location or "")
        self.split = require_split(split, self.splits)
        if not location or not self.path.is_file():
            expected = f"{type(self).__name__.lower()}:PATH"
            raise DataError(f"{location or 'no path'}: no such archive; expected {expected}")
        self._handles: dict[tuple[int, int], Any] = {}
        self._stamp = stamp_of(self.path)
        try:
            members = dict(self._checked())
        except DAMAGED as error:
            raise DataError(f"{self.path}: damaged archive, or none ({reason(error)})") from None
        if not members:
            raise DataError(f"{self.path}: no pictures in it")
        self.members = {name: members[name] for name in sorted(members) if in_split(name, split)}
        self.names = list(self.members)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        name = self.names[index]
        return Sample(name, read(io.BytesIO(self._bytes(name)), name=f"{self.path}: {name}").rgb)

    def load_at_least(self, index: int, side: int) -> Sample:
        name = self.names[index]
        return Sample(name, *read_reduced(io.BytesIO(self._bytes(name)), side, name=f"{self.path}: {name}"))

    def __del__(self) -> None:
        for handle in getattr(self, "_handles", {}).values():
            handle.close()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_handles": {}}

    def ids(self) -> list[str]:
        return list(self.names)

    def digest(self, index: int) -> str:
        try:
            return hashlib.sha256(self._bytes(self.names[index])).hexdigest()
        except DataError:
            require_unchanged(self.path, self._stamp)
            return NOTHING

    @property
    def fingerprint(self) -> str:
        require_unchanged(self.path, self._stamp)
        return self._combined

    @cached_property
    def _combined(self) -> str:
        return super().fingerprint

    @abstractmethod
    def _open(self) -> Any:
        """Return the open archive."""

    @abstractmethod
    def _listed(self) -> Iterator[tuple[str, int, Any]]:
        """Yield path, stated size and entry of every plain file."""

    @abstractmethod
    def _member(self, entry: Any) -> Any:
        """Return one entry, open for reading."""

    def _checked(self) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        total, limit = 0, FREE_BYTES + MAX_RATIO * self._stamp.size
        for count, (name, size, entry) in enumerate(self._listed(), start=1):
            total += size
            if total > limit:
                raise DataError(f"{self.path}: a bomb, it unpacks to more than {limit:,} bytes")
            if count > MAX_MEMBERS:
                raise DataError(f"{self.path}: more than {MAX_MEMBERS:,} files in it")
            if not is_picture(name, self.path):
                continue
            name = path_id(name)
            if size > MEMBER_BYTES:
                raise DataError(
                    f"{self.path}: {printable(name)} has {size:,} bytes, at most {MEMBER_BYTES:,} are read"
                )
            if name in seen:
                raise DataError(f"{self.path}: {printable(name)} is in it twice")
            seen.add(name)
            yield name, entry

    def _bytes(self, name: str) -> bytes:
        require_unchanged(self.path, self._stamp)
        try:
            with self._member(self.members[name]) as file:
                body: bytes = file.read(MEMBER_BYTES + 1)
        except RuntimeError as error:  # how zipfile says that a password is needed
            raise DataError(f"{self.path}: {printable(name)} cannot be read ({reason(error)})") from None
        except DAMAGED as error:
            raise DataError(f"{self.path}: {printable(name)} is damaged ({reason(error)})") from None
        if len(body) > MEMBER_BYTES:
            raise DataError(f"{self.path}: {printable(name)} unpacks to more than {MEMBER_BYTES:,} bytes")
        return body

    @property
    def _handle(self) -> Any:
        """Return this thread's handle; two would move each other's position in the file."""
        worker = (os.getpid(), threading.get_ident())
        if worker not in self._handles:
            self._handles = {key: value for key, value in self._handles.items() if key[0] == worker[0]}
            self._handles[worker] = self._open()
        return self._handles[worker]


class Zip(ArchiveDataset):
    """Pictures of a .zip or .cbz file."""

    def _open(self) -> zipfile.ZipFile:
        return zipfile.ZipFile(self.path)

    def _listed(self) -> Iterator[tuple[str, int, zipfile.ZipInfo]]:
        for entry in self._handle.infolist():
            if not entry.is_dir() and not stat.S_ISLNK(entry.external_attr >> 16):
                yield entry.filename, entry.file_size, entry

    def _member(self, entry: zipfile.ZipInfo) -> Any:
        return self._handle.open(entry)


class TarEntry(tarfile.TarInfo):
    """An entry that is refused, where the standard library ends the archive at it or fills the memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Return the entry of one header.

        Raises:
            tarfile.ReadError: it is damaged, or claims a size that no entry has.
        """
        try:
            entry = super().frombuf(buf, encoding, errors)
        except (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError) as error:  # type: ignore[attr-defined]
            raise tarfile.ReadError(f"a header is damaged: {error}") from None
        if entry.size < 0 or (entry.type in NAMES and entry.size > NAME_BYTES):
            raise tarfile.ReadError(f"a header claims {entry.size:,} bytes")
        return entry


class Tar(ArchiveDataset):
    """Pictures of a .tar file, plain or compressed; compressed ones are best read in order."""

    def _open(self) -> tarfile.TarFile:
        return tarfile.open(self.path, tarinfo=TarEntry)

    def _listed(self) -> Iterator[tuple[str, int, tarfile.TarInfo]]:
        for entry in self._handle:
            if entry.isreg():
                yield entry.name.removeprefix("./"), entry.size, entry

    def _member(self, entry: tarfile.TarInfo) -> Any:
        return self._handle.extractfile(entry)
