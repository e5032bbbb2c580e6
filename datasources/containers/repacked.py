"""Comic books of formats that are only read, cbr and cb7: repacked once as a zip file, written as cbz."""

from __future__ import annotations

import tempfile
import zipfile
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from colorzoo.core.errors import DataError, MissingExtraError
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.interfaces.container import Page
from colorzoo.core.isolation import reason
from colorzoo.datasources.containers.archive_book import ArchiveBook, Member, is_page
from colorzoo.datasources.containers.zip_book import ZipBook, copy_member, head

EXTRA = "books"
EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first time that a zip file can hold."""


class RepackedBook(ArchiveBook):
    """Base of archives that are unpacked in one go, since a member alone costs all before it."""

    written_as = ".cbz"

    def close(self) -> None:
        if hasattr(self, "_zip"):
            self._zip.close()
            self._folder.cleanup()

    def pages_after(self, count: int) -> Iterator[Page]:
        return self._repacked().pages_after(count)

    def write(self, target: Path, colored: Iterable[Picture | None]) -> None:
        self._repacked().write(target, colored)

    @abstractmethod
    def _unpack(self, out: zipfile.ZipFile) -> None:
        """Copy the listed members into a zip file."""

    def _member(self, member: Member) -> Any:
        raise NotImplementedError("members are read from the zip file")

    def _repacked(self) -> ZipBook:
        if not hasattr(self, "_zip"):
            self._folder = tempfile.TemporaryDirectory()
            path = Path(self._folder.name, self.path.name)
            try:
                with self.damage(), zipfile.ZipFile(path, "w") as out:
                    self._unpack(out)
            except BaseException:
                self._folder.cleanup()
                raise
            self._zip = ZipBook(path)
        return self._zip


class RarBook(RepackedBook):
    """A cbr file; its members are unpacked by unrar, unar, 7z or bsdtar, whichever is installed."""

    @classmethod
    def accepts(cls, path: Path) -> bool:
        return head(path, 6) == b"Rar!\x1a\x07"

    def _listed(self) -> Iterator[Member]:
        try:
            import rarfile
        except ImportError:
            raise MissingExtraError(f"{self._called('')}: reading a cbr", "rarfile", EXTRA) from None
        try:
            with rarfile.RarFile(self.path) as file:
                if file.needs_password():
                    raise DataError(f"{self._called('')}: encrypted; decrypt it first")
                for info in file.infolist():
                    kind = "folder" if info.is_dir() else "file" if info.is_file() else "link"
                    yield Member(info.filename, info.file_size or 0, kind, info)  # type: ignore[arg-type]
        except rarfile.Error as error:
            raise DataError(f"{self._called('')}: damaged archive ({reason(error)})") from None

    def _unpack(self, out: zipfile.ZipFile) -> None:
        import rarfile

        try:
            with rarfile.RarFile(self.path) as file:
                for member in self.members:
                    info = _info(member, member.entry.date_time)
                    if member.kind == "folder":
                        out.writestr(info, b"")
                        continue
                    with file.open(member.entry) as data:
                        copy_member(data, out, info, member.size)
        except rarfile.RarCannotExec:
            raise DataError(
                f"{self._called('')}: unpacking a cbr needs unar, unrar, 7z or bsdtar; apt install unar"
            ) from None
        except rarfile.Error as error:
            raise DataError(f"{self._called('')}: damaged archive ({reason(error)})") from None


class SevenZipBook(RepackedBook):
    """A cb7 file."""

    @classmethod
    def accepts(cls, path: Path) -> bool:
        return head(path, 6) == b"7z\xbc\xaf\x27\x1c"

    def _listed(self) -> Iterator[Member]:
        try:
            import py7zr
        except ImportError:
            raise MissingExtraError(f"{self._called('')}: reading a cb7", "py7zr", EXTRA) from None
        try:
            with py7zr.SevenZipFile(self.path) as file:
                if file.needs_password():
                    raise DataError(f"{self._called('')}: encrypted; decrypt it first")
                for info in file.list():
                    kind = "folder" if info.is_directory else "link" if info.is_symlink else "file"
                    yield Member(info.filename, info.uncompressed, kind, info)  # type: ignore[arg-type]
        except py7zr.exceptions.ArchiveError as error:
            raise DataError(f"{self._called('')}: damaged archive ({reason(error)})") from None

    def _unpack(self, out: zipfile.ZipFile) -> None:
        import py7zr

        with tempfile.TemporaryDirectory() as folder:
            for number in range(len(self.members)):
                Path(folder, str(number)).touch()  # empty ones are not written
            try:
                with py7zr.SevenZipFile(self.path) as file:
                    file.extractall(factory=_files(Path(folder), self.members))
            except py7zr.exceptions.ArchiveError as error:
                raise DataError(f"{self._called('')}: damaged archive ({reason(error)})") from None
            for number, member in enumerate(self.members):
                time = member.entry.creationtime
                info = _info(member, time.timetuple()[:6] if time else EARLIEST)
                if member.kind == "folder":
                    out.writestr(info, b"")
                    continue
                with Path(folder, str(number)).open("rb") as data:
                    copy_member(data, out, info, member.size)


def _info(member: Member, time: Sequence[int]) -> zipfile.ZipInfo:
    """Return what a zip file says of a member; pictures are packed already."""
    when = tuple(time[:6]) if len(time) >= 6 and time[0] >= EARLIEST[0] else EARLIEST
    name = member.name if member.kind == "file" else f"{member.name.rstrip('/')}/"
    info = zipfile.ZipInfo(name, when)  # type: ignore[arg-type]
    info.compress_type = zipfile.ZIP_STORED if is_page(member) else zipfile.ZIP_DEFLATED
    return info


def _files(folder: Path, members: Sequence[Member]) -> Any:
    """Return what gives py7zr a numbered file for each member, no larger than was said."""
    from py7zr.io import Py7zIO, WriterFactory

    numbers = {member.name: number for number, member in enumerate(members)}

    class File(Py7zIO):
        def __init__(self, number: int) -> None:
            self.file, self.most = (folder / str(number)).open("w+b"), members[number].size

        def write(self, data: bytes | bytearray) -> int:
            if self.file.tell() + len(data) > self.most:
                raise ValueError("a member is larger than the archive says")
            return self.file.write(data)

        def read(self, size: int | None = None) -> bytes:
            return self.file.read(-1 if size is None else size)

        def seek(self, offset: int, whence: int = 0) -> int:
            return self.file.seek(offset, whence)

        def flush(self) -> None:
            self.file.flush()

        def size(self) -> int:
            return self.file.tell()

        def close(self) -> None:
            self.file.close()

    class Files(WriterFactory):
        def create(self, filename: str) -> Py7zIO:
            return File(numbers[filename])

    return Files()
