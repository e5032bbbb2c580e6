"""What the pictures of a run are of, so that somebody who names no colorizer gets one that suits them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from colorzoo.core.domains import DESCRIPTIONS, Domain
from colorzoo.core.errors import ColorzooError

MOST = 9
"""Pictures that are looked at, spread over all of them."""
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


def look(files: Sequence[Path]) -> SeenDomain:
    """Look at some of the pictures; what cannot be read is passed by, and nothing at all is a photo."""
    chosen = [files[index * len(files) // min(MOST, len(files))] for index in range(min(MOST, len(files)))]
    domains = [domain for domain in map(_domain_of, chosen) if domain]
    if not domains:
        return SeenDomain("photo", 0, 0)
    domain, votes = Counter(domains).most_common(1)[0]
    return SeenDomain(domain, votes, len(domains))


def _domain_of(file: Path) -> Domain | None:
    import torch

    from colorzoo.core.imaging.image_io import Picture, read_reduced
    from colorzoo.core.trunk.domain_network import domain_of

    try:
        gray = Picture(read_reduced(file, SIDE)[0]).gray
    except ColorzooError:  # the run names it
        return None
    return domain_of(torch.from_numpy(gray)[None, None].float() / 255)[0]
