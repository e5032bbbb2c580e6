"""Simulated guidance: what a user might say about a picture's colours, drawn from the truth by seed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from colorzoo.core.errors import ConfigError, printable
from colorzoo.core.guidance.palette import COUNT, palette_of_pictures
from colorzoo.core.guidance.reference import as_reference
from colorzoo.core.guidance.simulated_hints import true_hints
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.interfaces.guidance import Guidance

MAX_HINTS, MAX_COLORS, MAX_COUNTS = 10_000, 256, 20
SPEC = re.compile(r"hints=(?P<hints>\d{1,5}(,\d{1,5})*)|palette(=(?P<palette>\d{1,3}))?|reference=next")
EXPECTED = "hints=10, hints=0,1,3,10,30, palette, palette=8 or reference=next"


@dataclass(frozen=True)
class Simulation:
    """What is told of every picture: true colours at points, its palette, the next picture as a reference.

    hints: numbers of points, ascending; each is measured. palette: most colours of it, 0 for none.
    """

    hints: tuple[int, ...] = ()
    palette: int = 0
    reference: bool = False

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Simulation:
        """Return what texts such as `hints=10`, `palette=8` and `reference=next` say.

        Raises:
            ConfigError: one of them says nothing, or something is said twice.
        """
        given: dict[str, Any] = {}
        for text in texts:
            match = SPEC.fullmatch(text)
            if not match:
                raise ConfigError(f"--simulate {printable(text)}: expected {EXPECTED}")
            name = re.split(r"\W", text)[0]
            if name in given:
                raise ConfigError(f"--simulate {name}: given twice; several numbers are hints=0,1,3,10,30")
            given[name] = _value(text, match)
        return cls(**given)

    @property
    def text(self) -> str:
        """What `parse` reads, its parts apart by a space; the same for the same guidance."""
        parts = [f"hints={','.join(map(str, self.hints))}"] if self.hints else []
        parts += [f"palette={self.palette}"] if self.palette else []
        return " ".join([*parts, "reference=next"] if self.reference else parts)

    @property
    def words(self) -> str:
        """What a picture's guidance holds, in words; empty where that is nothing."""
        points = max(self.hints, default=0)
        words = [f"{points} true hint{'s' if points > 1 else ''} a picture"] if points else []
        words += [f"a palette of {self.palette} true colours"] if self.palette else []
        return ", ".join([*words, "the next picture as reference"] if self.reference else words)

    def each(self) -> Iterator[Simulation]:
        """Yield one for every number of hints."""
        yield from (replace(self, hints=(count,)) for count in self.hints) if self.hints else [self]

    def guidance(self, picture: Picture, seed: int, following: Picture | None = None) -> Guidance:
        """Return the guidance of a picture: more points are the fewer ones of the same seed, and others."""
        return Guidance(
            hints=tuple(true_hints(picture, max(self.hints, default=0), seed)),
            palette=true_palette(picture, self.palette) if self.palette else (),
            references=(as_reference(following.rgb),) if following else (),
        )


def next_in_sequence(sequences: Sequence[Sequence[int]]) -> dict[int, int]:
    """Return the picture after each, the first one after the last; none for a picture alone."""
    return {
        index: following
        for sequence in sequences
        if len(sequence) > 1
        for index, following in zip(sequence, [*sequence[1:], sequence[0]], strict=True)
    }


def true_palette(picture: Picture, count: int) -> tuple[tuple[int, int, int], ...]:
    """Return the most frequent colours of a picture, at most `count`; a single one comes twice."""
    colors = palette_of_pictures([as_reference(picture.rgb)], count).colors[:count]
    levels = [tuple(color) for color in colors.mul(255).round().int().tolist()]
    return tuple(levels * 2 if len(levels) == 1 else levels)


def _value(text: str, match: re.Match[str]) -> tuple[int, ...] | int:
    """Return the value of a field from its text.

    Raises:
        ConfigError: it is out of its range.
    """
    if match["hints"]:
        counts = sorted({int(count) for count in match["hints"].split(",")})
        if counts[-1] > MAX_HINTS or len(counts) > MAX_COUNTS:
            raise ConfigError(f"--simulate {text}: at most {MAX_COUNTS} numbers up to {MAX_HINTS:,}")
        return tuple(counts)
    if text.startswith("palette"):
        colors = int(match["palette"] or COUNT)
        if not 2 <= colors <= MAX_COLORS:
            raise ConfigError(f"--simulate {text}: a palette has from 2 to {MAX_COLORS} colours")
        return colors
    return True
