"""The Dataset: named colour pictures, read when they are asked for."""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar

from colorzoo.core.config import Strict
from colorzoo.core.errors import DataError, ImageError, UnknownNameError
from colorzoo.core.files import file_digest, path_id
from colorzoo.core.imaging.image_io import SUFFIXES, Pixels, read, read_reduced

if TYPE_CHECKING:
    from colorzoo.core.interfaces.guidance import Guidance

Progress = Callable[[int, int], None]
"""Called with (done, total)."""
Watcher = Callable[[str], Progress]
"""Returns what is called with (done, total) of what it is given the name of."""
_watcher: ContextVar[tuple[int, Watcher] | None] = ContextVar("watcher", default=None)
READING = "reading what the pictures are"
NOTHING = hashlib.sha256().hexdigest()
"""Digest of a picture that exists but cannot be read, so that the others stay usable."""


@dataclass(frozen=True)
class Sample:
    """One colour picture: an id that is unique in its dataset, and RGB uint8 (H, W, 3).

    original: (height, width) of the stored picture, where it was decoded smaller.
    """

    id: str
    image: Pixels
    original: tuple[int, int] | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the stored picture, in pixels."""
        return self.original or (self.image.shape[0], self.image.shape[1])


class SourceInfo(Strict):
    """Title, license and credit of a dataset."""

    title: str
    license: str
    credit: str = ""


class Dataset(ABC):
    """Base of every dataset: map-style, picklable, lazy.

    Built as `Source(location, split)`: location is what follows the colon of its address, or None.
    """

    splits: ClassVar[Sequence[str]] = ("all",)
    compared_split: ClassVar[str] = "test"
    """Split that a comparison measures by default; "all" for a source without a test set."""
    info: SourceInfo = SourceInfo(title="pictures", license="unknown")
    split: str = "all"

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, index: int) -> Sample: ...

    def load_at_least(self, index: int, side: int) -> Sample:
        """Return the picture, possibly decoded smaller: both sides at least `side` pixels, or as stored."""
        return self[index]

    def packed_array(self, size: int) -> tuple[Pixels, list[str]] | None:
        """Return uint8 (N, size, size, 3) and ids if the pictures are stored like that, else None."""
        return None

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    @property
    def fingerprint(self) -> str:
        """Return the sha256 over ids and content, independent of the order; override it to cache it."""
        names = counted(READING, self.ids())
        return combined_digest((name, self.digest(index)) for index, name in enumerate(names))

    def digest(self, index: int) -> str:
        """Return the sha256 of one picture's content, of no bytes if it cannot be read.

        Override it if that needs no decoding.
        """
        try:
            return pixels_digest(self[index].image)
        except (ImageError, DataError):
            return NOTHING

    def ids(self) -> list[str]:
        """Return the ids in order; override it if that needs no decoding."""
        return [sample.id for sample in self]

    def sequences(self) -> Sequence[Sequence[int]]:
        """Return indices in order, for every chapter or shot; by default for every folder of the ids."""
        folders: dict[str, list[int]] = {}
        for index, name in enumerate(self.ids()):
            folders.setdefault(name.rpartition("/")[0], []).append(index)
        return list(folders.values())

    def guidance(self, index: int) -> Guidance:
        """Return what the source says of a picture's colours, such as references; by default nothing.

        Hints are in pixels of the stored picture, or in percent. The same at every call.
        """
        from colorzoo.core.interfaces.guidance import Guidance

        return Guidance()

    @property
    def has_guidance(self) -> bool:
        """Return whether `guidance` may say anything; by default whether it was overridden."""
        return type(self).guidance is not Dataset.guidance

    @property
    def notes(self) -> Mapping[str, object]:
        """Return counts to report, such as pictures left out."""
        return {}

    @classmethod
    def splits_at(cls, location: str | None) -> Sequence[str]:
        """Return the splits at a location; override it if they depend on it."""
        return cls.splits

    @classmethod
    def fetch(cls, archive: Path | None = None, progress: Progress | None = None) -> Path:
        """Download the dataset, or unpack it from an archive, and return its folder.

        Raises:
            DataError: the source fetches nothing, or fetching fails.
        """
        raise DataError(f"{cls.info.title}: nothing to fetch, give a path instead")


class FileDataset(Dataset):
    """Picture files below a root, in the order of their relative POSIX paths, which are their ids."""

    def __init__(self, root: Path, files: Sequence[Path]) -> None:
        self.root, self.files = root, list(files)

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> Sample:
        path = self.files[index]
        return Sample(self._id(path), read(path).rgb)

    def load_at_least(self, index: int, side: int) -> Sample:
        path = self.files[index]
        return Sample(self._id(path), *read_reduced(path, side))

    def digest(self, index: int) -> str:
        return file_digest(self.files[index])

    def ids(self) -> list[str]:
        return [self._id(path) for path in self.files]

    def _id(self, path: Path) -> str:
        return path_id(path.relative_to(self.root).as_posix())


def combined_digest(digests: Iterable[tuple[str, str]]) -> str:
    """Return one sha256, independent of the order, over (id, sha256) pairs."""
    lines = sorted(f"{digest}  {name}\n" for name, digest in digests)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


@contextmanager
def watched(watcher: Watcher) -> Iterator[None]:
    """Let a watcher see how far a look through a dataset is, whoever looks in the block."""
    token = _watcher.set((os.getpid(), watcher))
    try:
        yield
    finally:
        _watcher.reset(token)


Item = TypeVar("Item")


def counted(name: str, items: Sequence[Item]) -> Iterator[Item]:
    """Yield the items; whoever watches sees how many are done. A forked process shows nothing."""
    owner, watcher = _watcher.get() or (0, None)
    progress = watcher(name) if watcher and owner == os.getpid() and items else lambda done, total: None
    progress(0, len(items))
    for done, item in enumerate(items, start=1):
        yield item
        progress(done, len(items))


def picture_files(root: Path) -> list[Path]:
    """Return the picture files below a folder, sorted, without hidden ones.

    Raises:
        DataError: there is no such folder, or it holds no pictures.
    """
    if not root.is_dir():
        raise DataError(f"{root}: no such folder")
    paths = [path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()]
    visible = [p for p in paths if not any(part.startswith(".") for part in p.relative_to(root).parts)]
    if not visible:
        raise DataError(f"{root}: no pictures; expected files ending in {', '.join(SUFFIXES)}")
    return sorted(visible, key=lambda path: path.relative_to(root).as_posix())


def hash_fraction(key: str) -> float:
    """Return a number in [0, 1) that depends on the sha256 of the text alone, for splits."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big") / 2**32


def require_split(name: str, splits: Sequence[str]) -> str:
    """Return the name of a split that the source has.

    Raises:
        UnknownNameError: it has no such split.
    """
    if name not in splits:
        raise UnknownNameError("split", name, splits)
    return name


def pixels_digest(pixels: Pixels) -> str:
    """Return the sha256 of an array, hexadecimal."""
    return hashlib.sha256(pixels.tobytes()).hexdigest()
