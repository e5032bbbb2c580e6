"""Books that are zip files: cbz, zip and epub."""

from __future__ import annotations

import re
import shutil
import stat
import struct
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from colorzoo.core.errors import DataError, printable
from colorzoo.core.imaging.image_io import Picture
from colorzoo.datasources.containers.archive_book import ArchiveBook, Member

MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
ZIP64, TIMES = 1, 0x5455
"""Extra fields: sizes, which are written anew, and times, of which the directory holds but one."""
EPUB = b"mimetypeapplication/epub+zip"
OBFUSCATED_FONTS = (b"http://www.idpf.org/2008/embedding", b"http://ns.adobe.com/pdf/enc#RC")
ALGORITHM = re.compile(rb"""EncryptionMethod[^>]*?Algorithm\s*=\s*["']([^"']*)""")
ENCRYPTION, MOST_ENCRYPTION_BYTES = "META-INF/encryption.xml", 4_000_000


class ZipBook(ArchiveBook):
    """A zip or cbz file; members keep their order, times, comments and compression."""

    @classmethod
    def accepts(cls, path: Path) -> bool:
        return head(path, 4) in MAGIC

    def close(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    def write(self, target: Path, colored: Iterable[Picture | None]) -> None:
        with self.replacements(colored) as replaced, zipfile.ZipFile(target, "w") as out:
            out.comment = self._file.comment
            for member in self.members:
                info = _copied(member.entry)
                if member.kind == "folder":
                    out.writestr(info, b"")
                elif (data := replaced.of(member.name)) is not None:
                    out.writestr(info, data, info.compress_type)
                else:
                    with self.damage(member.name), self._member(member) as file:
                        copy_member(file, out, info, member.size)

    def _listed(self) -> Iterator[Member]:
        self._file = zipfile.ZipFile(self.path)
        for info in self._file.infolist():
            if info.flag_bits & 1:
                raise DataError(f"{self._called('')}: encrypted; decrypt it first")
            kind = "folder" if info.is_dir() else "file"
            link = stat.S_ISLNK(info.external_attr >> 16)
            yield Member(info.filename, info.file_size, "link" if link else kind, info)  # type: ignore[arg-type]

    def _member(self, member: Member) -> IO[bytes]:
        return self._file.open(member.entry)


class Epub(ZipBook):
    """An EPUB: pictures are replaced under their own names, so text, styles and links stay true."""

    @classmethod
    def accepts(cls, path: Path) -> bool:
        return super().accepts(path) and EPUB in head(path, 100)

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        for member in self.members:
            if member.name == ENCRYPTION:
                self._check_encryption(member)

    def _check_encryption(self, member: Member) -> None:
        with self.damage(member.name), self._member(member) as file:
            used = ALGORITHM.findall(file.read(MOST_ENCRYPTION_BYTES))
        if any(algorithm not in OBFUSCATED_FONTS for algorithm in used):
            raise DataError(f"{printable(str(self.path))}: encrypted, such books are not opened")


def head(path: Path, count: int) -> bytes:
    """Return the first bytes of a file."""
    with path.open("rb") as file:
        return file.read(count)


def copy_member(file: IO[bytes], out: zipfile.ZipFile, info: zipfile.ZipInfo, size: int) -> None:
    """Copy a member as it is, a little at a time."""
    with out.open(info, "w", force_zip64=size > 2**31 - 1) as copy:
        shutil.copyfileobj(file, copy, 2**20)


def _copied(info: zipfile.ZipInfo) -> zipfile.ZipInfo:
    copy = zipfile.ZipInfo(info.filename, info.date_time)
    for name in ("compress_type", "comment", "create_system", "external_attr", "internal_attr"):
        setattr(copy, name, getattr(info, name))
    copy.extra = b"".join(_extra_fields(info.extra))
    return copy


def _extra_fields(extra: bytes) -> Iterator[bytes]:
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        field, extra = extra[: 4 + length], extra[4 + length :]
        if kind == TIMES and length >= 5:
            yield struct.pack("<HHB", kind, 5, field[4] & 1) + field[5:9]
        elif kind != ZIP64:
            yield field
