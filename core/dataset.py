"""The Dataset: named colour pictures, read when they are asked for."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import ClassVar

from colorzoo.core.config import Strict
from colorzoo.core.errors import DataError, ImageError, UnknownNameError
from colorzoo.core.images import SUFFIXES, Pixels, read, read_reduced
from colorzoo.core.paths import file_digest, path_id

Progress = Callable[[int, int], None]
"""Called with (done, total)."""
NOTHING = hashlib.sha256().hexdigest()
"""Digest of a picture that is there and cannot be read: it must not keep the others from being used."""


@dataclass(frozen=True)
class Sample:
    """One colour picture: id, unique in its dataset, and RGB uint8 (H, W, 3).

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
    """Facts about a dataset that its pixels do not tell."""

    title: str
    licence: str
    credit: str = ""


class Dataset(ABC):
    """Base of every dataset: map-style, picklable, lazy.

    Built as `Source(location, split)`: location is what follows the colon of its address, or None.
    """

    splits: ClassVar[Sequence[str]] = ("all",)
    compared_split: ClassVar[str] = "test"
    """Split that a comparison measures unless another is named: all of a source without a test set."""
    info: SourceInfo = SourceInfo(title="pictures", licence="unknown")
    split: str = "all"

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def __getitem__(self, index: int) -> Sample: ...

    def reduced(self, index: int, side: int) -> Sample:
        """Return the picture, perhaps decoded smaller: both sides at least `side`, or as they are."""
        return self[index]

    def as_packed(self, size: int) -> tuple[Pixels, list[str]] | None:
        """Return uint8 (N, size, size, 3) and ids, where the pictures are kept so at that very size."""
        return None

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    @property
    def fingerprint(self) -> str:
        """Return the sha256 over ids and content, independent of the order; override it to remember it."""
        return combine((name, self.digest(index)) for index, name in enumerate(self.ids()))

    def digest(self, index: int) -> str:
        """Return the sha256 of one picture's content, of nothing for one that cannot be read.

        Override it where that needs no decoding.
        """
        try:
            return sha256_of(self[index].image)
        except (ImageError, DataError):
            return NOTHING

    def ids(self) -> list[str]:
        """Return the ids in order; override it where that needs no decoding."""
        return [sample.id for sample in self]

    @property
    def notes(self) -> Mapping[str, object]:
        """Return counts worth telling, such as pictures left out."""
        return {}

    @classmethod
    def splits_at(cls, location: str | None) -> Sequence[str]:
        """Return the splits to be had there; override it where they depend on the location."""
        return cls.splits

    @classmethod
    def fetch(cls, archive: Path | None = None, progress: Progress | None = None) -> Path:
        """Bring the dataset to this machine, from an archive or the network; return its folder."""
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

    def reduced(self, index: int, side: int) -> Sample:
        path = self.files[index]
        return Sample(self._id(path), *read_reduced(path, side))

    def digest(self, index: int) -> str:
        return file_digest(self.files[index])

    def ids(self) -> list[str]:
        return [self._id(path) for path in self.files]

    def _id(self, path: Path) -> str:
        return path_id(path.relative_to(self.root).as_posix())


class Subset(Dataset):
    """Some pictures of a dataset: the first `count` in the order of their ids' hashes, always the same."""

    def __init__(self, whole: Dataset, count: int) -> None:
        self.whole, self.info, self.split = whole, whole.info, whole.split
        ids = whole.ids()
        chosen = sorted(range(len(ids)), key=lambda index: share(ids[index]))[:count]
        self.indices = sorted(chosen)
        self._ids = [ids[index] for index in self.indices]

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Sample:
        return self.whole[self.indices[index]]

    def reduced(self, index: int, side: int) -> Sample:
        return self.whole.reduced(self.indices[index], side)

    def digest(self, index: int) -> str:
        return self.whole.digest(self.indices[index])

    def ids(self) -> list[str]:
        return list(self._ids)


class Joined(Dataset):
    """Several datasets as one; every id begins with the number of its part."""

    def __init__(self, parts: Sequence[Dataset]) -> None:
        self.parts = list(parts)
        self.split = "+".join(dict.fromkeys(part.split for part in parts))
        self._ends = list(accumulate(map(len, parts)))
        facts = [part.info for part in parts]
        self.info = SourceInfo(
            title=", ".join(dict.fromkeys(fact.title for fact in facts)),
            licence="; ".join(dict.fromkeys(fact.licence for fact in facts)),
            credit="; ".join(dict.fromkeys(fact.credit for fact in facts if fact.credit)),
        )

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, index: int) -> Sample:
        part, inner = self._place(index)
        return self._renamed(part, self.parts[part][inner])

    def reduced(self, index: int, side: int) -> Sample:
        part, inner = self._place(index)
        return self._renamed(part, self.parts[part].reduced(inner, side))

    def digest(self, index: int) -> str:
        part, inner = self._place(index)
        return self.parts[part].digest(inner)

    def ids(self) -> list[str]:
        return [f"{index}/{name}" for index, part in enumerate(self.parts) for name in part.ids()]

    @property
    def fingerprint(self) -> str:
        return combine((str(index), part.fingerprint) for index, part in enumerate(self.parts))

    def _place(self, index: int) -> tuple[int, int]:
        """Return the part and the index in it."""
        index = range(len(self))[index]
        part = bisect_right(self._ends, index)
        return part, index - (self._ends[part] - len(self.parts[part]))

    @staticmethod
    def _renamed(part: int, sample: Sample) -> Sample:
        return Sample(f"{part}/{sample.id}", sample.image, sample.original)


def combine(digests: Iterable[tuple[str, str]]) -> str:
    """Combine (id, sha256) pairs into one order-independent fingerprint."""
    lines = sorted(f"{digest}  {name}\n" for name, digest in digests)
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogatepass")).hexdigest()


def picture_files(root: Path) -> list[Path]:
    """Find the pictures below a folder, sorted, hidden ones left out."""
    if not root.is_dir():
        raise DataError(f"{root}: no such folder")
    found = [path for path in root.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()]
    shown = [p for p in found if not any(part.startswith(".") for part in p.relative_to(root).parts)]
    if not shown:
        raise DataError(f"{root}: no pictures; expected files ending in {', '.join(SUFFIXES)}")
    return sorted(shown, key=lambda path: path.relative_to(root).as_posix())


def share(key: str) -> float:
    """Map a text to [0, 1) by its sha256, for splits that never change."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:4], "big") / 2**32


def check_split(name: str, splits: Sequence[str]) -> str:
    """Return the split if the source has it."""
    if name not in splits:
        raise UnknownNameError("split", name, splits)
    return name


def sha256_of(pixels: Pixels) -> str:
    """Return the sha256 of an array, hexadecimal."""
    return hashlib.sha256(pixels.tobytes()).hexdigest()
