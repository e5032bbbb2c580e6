"""What the pictures of a run are of, so that somebody who names no colorizer gets one that suits them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from colorzoo.core.domains import DESCRIPTIONS, Domain
from colorzoo.core.errors import ColorzooError

if TYPE_CHECKING:
    from colorzoo.core.imaging.image_io import Pixels

MOST = 9
"""Pictures that are looked at, spread over all of them."""
PAGES = 3
"""Pages of a book that are looked at."""
SIDE = 512
"""A JPEG is decoded no larger than that side needs."""


class SeenDomain(NamedTuple):
    """What most of the pictures looked at are of, and of how many that is true; none: nothing was seen."""

    domain: Domain
    votes: int
    pictures: int

    def __str__(self) -> str:
        what = DESCRIPTIONS[self.domain]
        if not self.pictures:
            return f"taken for {what} unseen"
        return what if self.pictures == 1 else f"mostly {what} ({self.votes} of {self.pictures} looked at)"


def look(files: Sequence[Path], books: Sequence[Path] = ()) -> SeenDomain:
    """Look at some of the pictures; what cannot be read is passed by, and nothing at all is a photo."""
    grays = chain(map(_gray, _spread(files, MOST)), chain.from_iterable(map(_grays, _spread(books, 3))))
    domains = [_domain_of(gray) for gray in grays if gray is not None]
    if not domains:
        return SeenDomain("photo", 0, 0)
    domain, votes = Counter(domains).most_common(1)[0]
    return SeenDomain(domain, votes, len(domains))


def _spread(paths: Sequence[Path], most: int) -> list[Path]:
    count = min(most, len(paths))
    return [paths[index * len(paths) // count] for index in range(count)]


def _gray(file: Path) -> Pixels | None:
    from colorzoo.core.imaging.image_io import Picture, read_reduced

    try:
        return Picture(read_reduced(file, SIDE)[0]).gray
    except ColorzooError:  # the run names it
        return None


def _grays(book: Path) -> list[Pixels]:
    """Return a few pages of a book."""
    from colorzoo.jobs.book_pages import some_pictures
    from colorzoo.jobs.opening import opened

    try:
        with opened(book) as container:
            return [picture.gray for picture in some_pictures(container, PAGES)]
    except ColorzooError:
        return []


def _domain_of(gray: Pixels) -> Domain:
    import torch

    from colorzoo.core.trunk.domain_network import domain_of

    return domain_of(torch.from_numpy(gray)[None, None].float() / 255)[0]
