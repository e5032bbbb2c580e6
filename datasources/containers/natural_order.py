"""The order in which people number pages."""

from __future__ import annotations

import re

NUMBER = re.compile(r"(\d+)")


def natural_key(name: str) -> list[tuple[int, str]]:
    """Return what sorts page2 before page10, folder by folder, whatever the case."""
    return [(-1, "\0") if part == "/" else _key(part) for part in re.split(r"(\d+|/)", name) if part]


def _key(part: str) -> tuple[int, str]:
    return (int(part), part) if part.isdecimal() else (-1, part.casefold())
