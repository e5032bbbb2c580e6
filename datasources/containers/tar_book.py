"""Books that are tar files: cbt and tar."""

from __future__ import annotations

import copy
import io
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from colorzoo.core.errors import DataError
from colorzoo.core.imaging.image_io import Picture
from colorzoo.datasources.archives import TarEntry
from colorzoo.datasources.containers.archive_book import ArchiveBook, Member
from colorzoo.datasources.containers.zip_book import head

MAGIC_AT, MAGIC = 257, b"ustar"


class TarBook(ArchiveBook):
    """A tar or cbt file that is not compressed; members keep their order, times, owners and modes."""

    @classmethod
    def accepts(cls, path: Path) -> bool:
        return head(path, 512)[MAGIC_AT:].startswith(MAGIC)

    def close(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    def write(self, target: Path, colored: Iterable[Picture | None]) -> None:
        with self.replacements(colored) as replaced, tarfile.open(target, "w") as out:
            for member in self.members:
                data = replaced.of(member.name)
                info = copy.copy(member.entry)
                if data is not None:
                    info.size = len(data)
                    info.pax_headers = {k: v for k, v in info.pax_headers.items() if k != "size"}
                with self.damage(member.name):
                    out.addfile(info, io.BytesIO(data) if data is not None else self._contents(member))

    def _listed(self) -> Iterator[Member]:
        self._file = tarfile.open(self.path, "r:", tarinfo=TarEntry)  # noqa: SIM115  closed by close
        for info in self._file:
            if not (info.isreg() or info.isdir() or info.issym() or info.islnk()) or info.issparse():
                raise DataError(f"{self._called(info.name)}: neither a file nor a folder; not opened")
            kind = "folder" if info.isdir() else "file" if info.isreg() else "link"
            yield Member(info.name, info.size, kind, info)  # type: ignore[arg-type]

    def _contents(self, member: Member) -> IO[bytes] | None:
        return self._file.extractfile(member.entry) if member.kind == "file" else None

    def _member(self, member: Member) -> IO[bytes]:
        file = self._contents(member)
        assert file is not None, "only files are read"
        return file
