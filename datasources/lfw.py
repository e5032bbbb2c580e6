"""Labeled Faces in the Wild (Huang et al. 2007), split by person."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

from colorzoo.core.config import Strict
from colorzoo.core.data.address import local_path
from colorzoo.core.data.archive import extract_pictures
from colorzoo.core.data.download import digest, download
from colorzoo.core.data.statistics import image_statistics
from colorzoo.core.errors import DataError
from colorzoo.core.files import cache_root
from colorzoo.core.interfaces.dataset import (
    FileDataset,
    Progress,
    SourceInfo,
    hash_fraction,
    picture_files,
    require_split,
)

TEST_SHARE = 0.1
MIN_MEAN_CHROMA = 8.0
"""Pictures with a lower mean of max(R, G, B) - min(R, G, B), of 255, have no colour to learn from."""
MAX_BYTES = 1_000_000_000
FOLDERS = ("lfw-deepfunneled", "lfw_funneled", "lfw")


class KnownArchive(Strict):
    """A published archive, known by its hash."""

    name: str
    algorithm: str
    digest: str
    urls: tuple[str, ...] = ()


ARCHIVES = (
    KnownArchive(name="lfw-deepfunneled.tgz", algorithm="md5", digest="68331da3eb755a505a502b5aacb3c201"),
    KnownArchive(
        name="lfw-funneled.tgz",
        algorithm="sha256",
        digest="b47c8422c8cded889dc5a13418c4bc2abbda121092b3533a83306f90d900100a",
        urls=("https://ndownloader.figshare.com/files/5976015",),
    ),
)


class LFW(FileDataset):
    """Faces in the official layout, `Person/Person_0001.jpg`; a person is in one split only.

    Found below the location, else `lfw-deepfunneled` in COLORZOO_DATA, else where `data fetch` puts it.
    Near-grey pictures, and broken ones, are left out and counted.

    Raises:
        DataError: the pictures are nowhere.
        UnknownNameError: there is no such split.
    """

    splits = ("train", "test", "all")
    info = SourceInfo(
        title="Labeled Faces in the Wild",
        license="none stated by the source; research use is the practice",
        credit="Huang, Ramesh, Berg, Learned-Miller: Labeled Faces in the Wild, 2007",
    )

    def __init__(self, location: str | None = None, split: str = "train") -> None:
        root = _root(location)
        self.split = require_split(split, self.splits)
        files = [f for f in picture_files(root) if split == "all" or self._split_of(f) == split]
        measured = zip(files, image_statistics(root, files), strict=True)
        readable = {file: statistics for file, statistics in measured if statistics}
        colored = [file for file, statistics in readable.items() if statistics.chroma >= MIN_MEAN_CHROMA]
        super().__init__(root, colored)
        self.left_out, self.broken = len(readable) - len(colored), len(files) - len(readable)

    @cached_property
    def people(self) -> int:
        """Number of different people."""
        return len({file.parent.name for file in self.files})

    @property
    def notes(self) -> dict[str, object]:
        counts: dict[str, object] = {"people": self.people, "near-grey left out": self.left_out}
        return counts | ({"broken left out": self.broken} if self.broken else {})

    @classmethod
    def fetch(cls, archive: Path | None = None, progress: Progress | None = None) -> Path:
        """Unpack an archive downloaded by hand, known by its hash, or download one; return the folder.

        Raises:
            DataError: the archive is not a known one, is damaged, or cannot be downloaded.
        """
        folder = cache_root() / "lfw"
        if archive is None:
            known = next(item for item in ARCHIVES if item.urls)
            target = cache_root() / "downloads" / known.name
            archive = download(known.urls, target, known.digest, MAX_BYTES, progress)
        elif not any(_is(archive, item) for item in ARCHIVES):
            names = ", ".join(f"{item.name} ({item.algorithm} {item.digest})" for item in ARCHIVES)
            raise DataError(f"{archive}: not a known archive; expected {names}")
        return extract_pictures(archive, folder, MAX_BYTES)

    @staticmethod
    def _split_of(file: Path) -> str:
        return "test" if hash_fraction(file.parent.name) < TEST_SHARE else "train"


def _root(location: str | None) -> Path:
    if location:
        candidates = [local_path(location)]
    else:
        data = os.environ.get("COLORZOO_DATA")
        candidates = [local_path(data) / name for name in FOLDERS] if data else []
        candidates.append(cache_root() / "lfw")
    for folder in candidates:
        if folder.is_dir():
            inner = [folder / name for name in FOLDERS if (folder / name).is_dir()]
            return inner[0] if inner else folder
    raise DataError(
        f"LFW is not in {' or '.join(map(str, candidates))}; get it with `colorzoo data fetch lfw`, give "
        "its folder as lfw:PATH, or set COLORZOO_DATA to the folder that holds lfw-deepfunneled"
    )


def _is(path: Path, archive: KnownArchive) -> bool:
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    return digest(path, archive.algorithm) == archive.digest
