"""Which colorizer is meant: NAME, NAME:WEIGHTS, owner/name on the Hub, or none."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from colorzoo.core.domains import DESCRIPTIONS, Domain
from colorzoo.core.errors import ConfigError, UnknownNameError, printable
from colorzoo.core.registry import registry


class ModelName(NamedTuple):
    """A colorizer and its weights, as a user named them; weights of None are its default."""

    name: str
    weights: str | None = None

    def __str__(self) -> str:
        return ":".join(filter(None, self))


def parse_model(text: str) -> ModelName | None:
    """Return the installed colorizer that a text names, in any case, or None."""
    name, _, weights = text.partition(":")
    known = registry().entries["colorizer"]
    exact = name if name in known else name.lower()
    return ModelName(exact, weights or None) if exact in known else None


def split_model(words: Sequence[str]) -> tuple[ModelName | None, list[str]]:
    """Return the colorizer among words, wherever it stands, and the other words.

    A word is a colorizer where it is the first of several, or where no file has its name.

    Raises:
        UnknownNameError: the first word is neither a colorizer nor what a file could be called.
        ConfigError: no other words are left.
    """
    for index, word in enumerate(words):
        first = index == 0 and len(words) > 1
        model = parse_model(word) or (_on_the_hub(word) if first else None)
        if model and (first or not Path(word).exists()):
            rest = [*words[:index], *words[index + 1 :]]
            if not rest:
                raise ConfigError(f"no picture named; colorzoo run {printable(word)} photo.jpg")
            return model, rest
    if len(words) > 1 and _is_bare(words[0]):
        raise UnknownNameError("colorizer", printable(words[0]), runnable())
    return None, list(words)


def suited(domain: Domain) -> ModelName:
    """Return what suits pictures of a domain, for when no colorizer is named.

    That is what the catalogue names weights for, else a colorizer that states the domain.

    Raises:
        ConfigError: there is neither.
    """
    from colorzoo.hub import catalog

    if named := catalog.suited(domain):
        plugin, weights = named
        return ModelName(plugin, None if weights == catalog.DEFAULT else weights)
    for name in runnable():
        if domain in registry().find("colorizer", name).load().capabilities.domains:
            return ModelName(name)
    raise ConfigError(f"no colorizer is for {DESCRIPTIONS[domain]}; name one of {', '.join(runnable())}")


def runnable() -> list[str]:
    """Return the names of installed colorizers that colour pictures: all but baselines."""
    return sorted(name for name, item in registry().entries["colorizer"].items() if not item.entry.baseline)


def _on_the_hub(word: str) -> ModelName | None:
    """Return weights on the Hub, owner/name[@revision], unless a file or folder could be meant."""
    owner, slash, name = word.partition("/")
    is_id = slash and owner and name and "/" not in name and owner.strip(".~")
    if not is_id or Path(word).exists() or Path(owner).is_dir() or Path(name).suffix or _has_magic(word):
        return None
    return ModelName(word)


def _is_bare(word: str) -> bool:
    """Return whether a word is no file, and looks like none."""
    return (
        bool(word.strip())
        and word != "-"
        and not (Path(word).exists() or Path(word).suffix or "/" in word or _has_magic(word))
    )


def _has_magic(word: str) -> bool:
    return glob.has_magic(word)
