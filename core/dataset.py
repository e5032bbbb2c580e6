"""The Dataset: named colour pictures, read when they are asked for."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import ClassVar

from colorzoo.core.config import Strict
from colorzoo.core.errors import DataError, UnknownNameError
from colorzoo.core.images import SUFFIXES, Pixels, read, read_reduced

Progress = Callable[[int, int], None]
"""Called with (done, total)."""


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
        """Return the sha256 of one picture's content; override it where that needs no decoding."""
        return sha256_of(self[index].image)

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
    """Picture files below a root, in the order of their ids (relative POSIX paths)."""

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
        return _file_digest(self.files[index])

    def ids(self) -> list[str]:
        return [self._id(path) for path in self.files]

    @cached_property
    def fingerprint(self) -> str:
        return combine((self._id(path), _file_digest(path)) for path in self.files)

    def _id(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


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

    def digest(self, index: int) -> str:
        return self.whole.digest(self.indices[index])

    def ids(self) -> list[str]:
        return list(self._ids)

    @cached_property
    def fingerprint(self) -> str:
        return combine((name, self.digest(index)) for index, name in enumerate(self._ids))


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
        part = bisect_right(self._ends, index)
        sample = self.parts[part][index - (self._ends[part] - len(self.parts[part]))]
        return Sample(f"{part}/{sample.id}", sample.image)

    def ids(self) -> list[str]:
        return [f"{index}/{name}" for index, part in enumerate(self.parts) for name in part.ids()]

    @property
    def fingerprint(self) -> str:
        return combine((str(index), part.fingerprint) for index, part in enumerate(self.parts))


def combine(digests: Iterable[tuple[str, str]]) -> str:
    """Combine (id, sha256) pairs into one order-independent fingerprint."""
    lines = sorted(f"{digest}  {name}\n" for name, digest in digests)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


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
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") / 2**32


def check_split(name: str, splits: Sequence[str]) -> str:
    """Return the split if the source has it."""
    if name not in splits:
        raise UnknownNameError("split", name, splits)
    return name


def parse_address(address: str, known: Mapping[str, Sequence[str]]) -> tuple[str, str | None]:
    """Split a dataset address into source name and location.

    `NAME`, `NAME:LOCATION`, or a bare path: of a file with an ending that a source reads, or of a folder.
    known: the endings by source.
    """
    name, colon, location = address.partition(":")
    if name in known:
        return name, location if colon else None
    for source, suffixes in known.items():
        if address.lower().endswith(tuple(suffixes)):
            return source, address
    if Path(address).expanduser().exists() or "/" in address or address.startswith((".", "~")):
        return "folder", address
    raise UnknownNameError("dataset", name, known, hint="or give the path of a folder")


def sha256_of(pixels: Pixels) -> str:
    """Return the sha256 of an array, hexadecimal."""
    return hashlib.sha256(pixels.tobytes()).hexdigest()


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
