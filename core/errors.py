"""Errors a user can meet: each message says what was got, what was expected and what to do.

`printable` makes the text of strangers fit for one.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

MAX_MESSAGE = 300
"""Longest foreign text shown in a message, in characters."""


class ColorzooError(Exception):
    """Base of every error colorzoo raises on purpose; the command line prints it without a traceback."""


class Notice(UserWarning):
    """Something worth knowing that is no problem; the command line prints it in one line."""


class PluginError(ColorzooError):
    """A plugin failed to load, or does not do what the contract says."""


class UnknownNameError(ColorzooError):
    """No plugin, weights or field goes by the given name."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        names = sorted(known)
        close = get_close_matches(name, names, n=3, cutoff=0.5)
        parts = [f"no {kind} named {name!r}"]
        if close:
            parts.append(f"did you mean {' or '.join(close)}?")
        parts.append(f"there are: {', '.join(names) or 'none'}")
        if hint:
            parts.append(hint)
        super().__init__("; ".join(parts))
        self.kind, self.name = kind, name


class ConfigError(ColorzooError):
    """A configuration or option has wrong fields or values; all of them are listed at once."""


class ImageError(ColorzooError):
    """A picture cannot be read or written."""


class DataError(ColorzooError):
    """A dataset is absent, empty or damaged."""


class WeightsError(ColorzooError):
    """Weights are absent, damaged or belong to something else."""


class HubError(ColorzooError):
    """The Hugging Face Hub, the way to it or the cache of what came from it fails."""


class TrainingError(ColorzooError):
    """A training run cannot start, go on or resume."""


class MetricError(ColorzooError):
    """A metric cannot be measured here."""


class ResultsError(ColorzooError):
    """Results of a comparison cannot be read or do not belong together."""


class StoppedError(ColorzooError):
    """A call was asked to stop, and did."""


class MissingExtraError(ColorzooError):
    """An optional package is needed; the message names the extra that brings it."""

    def __init__(self, feature: str, package: str, extra: str) -> None:
        super().__init__(f"{feature} needs the package {package!r}: pip install 'colorzoo[{extra}]'")


def printable(text: str, limit: int = MAX_MESSAGE) -> str:
    """Return foreign text fit for a terminal: one line, no control characters, at most `limit` characters.

    Whitespace is folded; other control, format, surrogate and private characters become U+FFFD, since an
    escape sequence moves the cursor and a bidirectional override reorders what is read.
    """
    folded = " ".join(text[: 4 * limit].split())
    safe = "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c)[0] == "C" else c for c in folded)
    return safe if len(safe) <= limit and len(text) <= 4 * limit else safe[: limit - 3] + "..."
