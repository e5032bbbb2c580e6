"""Books that are archives: which members are pages, and what makes an archive one that is not opened."""

from __future__ import annotations

import hashlib
import io
import tempfile
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, Any, Literal, NamedTuple

from colorzoo.core.errors import DataError, ImageError, printable
from colorzoo.core.imaging.image_io import Picture, read
from colorzoo.core.interfaces.container import Container, Page
from colorzoo.core.isolation import reason
from colorzoo.datasources.archives import DAMAGED, FREE_BYTES, MAX_RATIO, MEMBER_BYTES
from colorzoo.datasources.containers.natural_order import natural_key
from colorzoo.datasources.containers.page_format import OTHERS, SUFFIX_OF, encode_as, page_format

MAX_MEMBERS = 50_000
PAGE_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".avif", ".bmp", ".tif",
                 ".tiff", ".jp2")  # fmt: skip


class Member(NamedTuple):
    """One entry of an archive: its name, bytes when unpacked, kind, and what its library knows it by."""

    name: str
    size: int
    kind: Literal["file", "folder", "link"]
    entry: Any


class ArchiveBook(Container):
    """Base of the archives: pictures are pages, in natural order of their paths; the rest is copied.

    Links, encrypted members, paths that lead out, names that come twice, too many members and those that
    unpack to too much are errors: nothing is unpacked here, but who opens the result does.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            with self.damage():
                self.members = self._checked(self._listed())
        except DataError:
            self.close()
            raise
        self.page_members = sorted(filter(is_page, self.members), key=lambda one: natural_key(one.name))

    @property
    def page_count(self) -> int | None:
        return len(self.page_members)

    def pages(self) -> Iterator[Page]:
        return self.pages_after(0)

    def pages_after(self, count: int) -> Iterator[Page]:
        for member in self.page_members[count:]:
            data = self.bytes_of(member)
            name = f"{self.path.name}: {member.name}"
            decoded = partial(_decoded, data, name, self.max_pixels)
            yield Page(member.name, decoded, hashlib.sha256(data).hexdigest())
            del data

    def bytes_of(self, member: Member) -> bytes:
        """Return what a page holds.

        Raises:
            DataError: it is damaged.
        """
        with self.damage(member.name), self._member(member) as file:
            return bytes(file.read())

    @contextmanager
    def replacements(self, colored: Iterable[Picture | None]) -> Iterator[Replacements]:
        """Yield what pages are replaced by, to be asked for in the order of the archive."""
        names = [one.name for one in self.page_members]
        with tempfile.TemporaryFile() as file:
            yield Replacements(names, colored, self._encoded, file)

    @abstractmethod
    def _listed(self) -> Iterator[Member]:
        """Yield all entries in the order of the archive; DataError for one that is encrypted."""

    @abstractmethod
    def _member(self, member: Member) -> Any:
        """Return one entry, open for reading."""

    @contextmanager
    def damage(self, name: str = "") -> Iterator[None]:
        """Turn what a library raises at a damaged archive into one line."""
        try:
            yield
        except RuntimeError as error:  # how archives say that a password is needed
            raise DataError(f"{self._called(name)}: cannot be read ({reason(error)})") from None
        except DAMAGED as error:
            raise DataError(f"{self._called(name)}: damaged archive ({reason(error)})") from None

    def _called(self, name: str) -> str:
        return printable(f"{self.path}: {name}" if name else str(self.path))

    def _encoded(self, index: int, picture: Picture) -> bytes:
        member = self.page_members[index]
        name = f"{self.path.name}: {member.name}"
        return encode_as(picture, page_format(self.bytes_of(member), name), name)

    def _checked(self, listed: Iterator[Member]) -> list[Member]:
        members: list[Member] = []
        names: set[str] = set()
        total, most = 0, min(FREE_BYTES + MAX_RATIO * self.path.stat().st_size, self.max_bytes)
        for member in listed:
            total += member.size
            if total > most:
                raise DataError(f"{self._called('')}: a bomb, it unpacks to more than {most:,} bytes")
            if len(members) == MAX_MEMBERS:
                raise DataError(f"{self._called('')}: more than {MAX_MEMBERS:,} files in it")
            if problem := _problem(member, names):
                raise DataError(f"{self._called(member.name)}: {problem}; not opened")
            names.add(member.name)
            members.append(member)
        return members


class Replacements:
    """Coloured pages, which come in reading order, handed out by name in any order; few are held.

    One that comes before it is asked for waits in a temporary file.
    """

    def __init__(
        self,
        names: Sequence[str],
        colored: Iterable[Picture | None],
        encoded: Callable[[int, Picture], bytes],
        file: IO[bytes],
    ) -> None:
        self._index = {name: index for index, name in enumerate(names)}
        self._encoded, self._colored, self._file = encoded, iter(colored), file
        self._waiting: dict[int, tuple[int, int] | None] = {}
        self._pulled = 0

    def of(self, name: str) -> bytes | None:
        """Return what stands in the place of a member, None where it stays as it is."""
        index = self._index.get(name)
        if index is None:
            return None
        while self._pulled <= index:
            picture = next(self._colored, None)
            data = None if picture is None else self._encoded(self._pulled, picture)
            del picture
            self._pulled += 1
            if self._pulled == index + 1:
                return data
            self._keep(self._pulled - 1, data)
        return self._kept(index)

    def _keep(self, index: int, data: bytes | None) -> None:
        self._waiting[index] = None if data is None else (self._file.seek(0, 2), len(data))
        self._file.write(data or b"")

    def _kept(self, index: int) -> bytes | None:
        place = self._waiting.pop(index)
        if place is None:
            return None
        self._file.seek(place[0])
        return self._file.read(place[1])


def is_page(member: Member) -> bool:
    """Say whether a member is a picture that people look at."""
    parts = PurePosixPath(member.name.replace("\\", "/")).parts
    hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
    return member.kind == "file" and member.name.lower().endswith(PAGE_SUFFIXES) and not hidden


def _problem(member: Member, names: set[str]) -> str:
    """Return why a member is not accepted, as a clause."""
    path = PureWindowsPath(member.name)  # what Windows takes for a drive or a separator leads out as well
    if path.is_absolute() or path.drive or path.root or ".." in path.parts:
        return "its path leads out of the archive"
    if member.kind == "link":
        return "a link"
    if member.name in names:
        return "its name comes twice"
    if is_page(member) and member.size > MEMBER_BYTES:
        return f"{member.size:,} bytes, at most {MEMBER_BYTES:,} are read"
    return ""


def _decoded(data: bytes, name: str, max_pixels: int) -> Picture:
    stored = page_format(data, name)
    if stored.moves:
        raise ImageError(f"{name}: a moving picture")
    if stored.name not in SUFFIX_OF and stored.name not in OTHERS:
        raise ImageError(f"{name}: {stored.name} is not written in colour")
    return read(io.BytesIO(data), name=name, max_pixels=max_pixels)
