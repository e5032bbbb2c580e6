"""The readable pictures of a source that holds damaged ones."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

from colorzoo.core.compare.identity import code_digest
from colorzoo.core.data.combine import Subset
from colorzoo.core.data.packed import Packed, pack
from colorzoo.core.errors import DataError
from colorzoo.core.interfaces.dataset import READING, Dataset, Sample, combined_digest, counted
from colorzoo.core.interfaces.guidance import Guidance

UNREADABLE = "unreadable"
"""Stands for the digest of a picture whose content cannot be read."""


class Readable(Dataset):
    """The pictures of a dataset that can be read."""

    def __init__(self, whole: Dataset) -> None:
        self.whole, self.info, self.split = whole, whole.info, whole.split
        self.indices = [index for index in range(len(whole)) if _is_readable(whole, index)]
        if not self.indices:
            raise DataError(f"{whole.info.title}: no picture of split {whole.split!r} can be read")

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Sample:
        return self.whole[self.indices[index]]

    def digest(self, index: int) -> str:
        return self.whole.digest(self.indices[index])

    def guidance(self, index: int) -> Guidance:
        return self.whole.guidance(self.indices[index])

    @property
    def has_guidance(self) -> bool:
        return self.whole.has_guidance

    @cached_property
    def fingerprint(self) -> str:
        names = self.whole.ids()
        return combined_digest((names[index], self.whole.digest(index)) for index in self.indices)


def checked_ids(dataset: Dataset) -> list[str]:
    """Return the ids of the pictures.

    Raises:
        DataError: there are none, or an id stands for several.
    """
    ids = dataset.ids()
    duplicates = [name for name, count in Counter(ids).items() if count > 1]
    if duplicates:
        shown = ", ".join(duplicates[:3]) + (", ..." if len(duplicates) > 3 else "")
        raise DataError(
            f"{dataset.info.title}: {len(duplicates)} ids stand for more than one picture: {shown}"
        )
    if not ids:
        raise DataError(
            f"{dataset.info.title}: split {dataset.split!r} holds no pictures; `colorzoo data info` shows "
            "what the splits hold"
        )
    return ids


def pack_readable(dataset: Dataset, size: int) -> Packed:
    """Return the pictures of a dataset at one size, without those that cannot be read."""
    try:
        return pack(dataset, size)
    except Exception:  # only then decode all of them to learn which
        return pack(Readable(dataset), size)


def digests_of(dataset: Dataset) -> list[str]:
    """Return the digest of every picture, `UNREADABLE` for those that have none."""
    return [_digest(dataset, index) for index in counted(READING, range(len(dataset)))]


def fingerprint_of(dataset: Dataset) -> str:
    """Return the fingerprint, in which a picture that cannot be read counts as such."""
    try:
        return dataset.fingerprint
    except Exception:  # a source may raise anything for a damaged picture
        return combined_digest(zip(dataset.ids(), digests_of(dataset), strict=True))


def source_code(dataset: Dataset) -> str:
    """Return the digest of the code that reads the pictures."""
    while isinstance(dataset, Subset):
        dataset = dataset.whole
    return code_digest(type(dataset).__module__)


def _digest(dataset: Dataset, index: int) -> str:
    try:
        return dataset.digest(index)
    except Exception:  # a source may raise anything for a damaged picture
        return UNREADABLE


def _is_readable(dataset: Dataset, index: int) -> bool:
    try:
        return bool(dataset[index].id)
    except Exception:  # a source may raise anything for a damaged picture
        return False
