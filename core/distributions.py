"""Installed distributions: what they name in our entry-point group, and where they came from."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from importlib.metadata import (
    Distribution,
    EntryPoint,
    PackageNotFoundError,
    distribution,
    distributions,
    entry_points,
)

from colorzoo.core import hooks
from colorzoo.core.isolation import reason

BUILTIN_DISTRIBUTION = "colorzoo"


def plugin_points() -> tuple[list[EntryPoint], dict[tuple[str, str], str]]:
    """Return the entry points of our group and of groups that somebody took for ours, and what is damaged.

    The second maps distribution and version to the reason why its entry points cannot be read.
    """
    try:
        everything = entry_points()
        near = filter(_is_near, everything.groups)
        return [point for group in near for point in everything.select(group=group)], {}
    except Exception:  # one damaged file ends the quick way for all
        # pydantic and torch look for plugins of theirs in the same way, and would end with a traceback
        os.environ.update(PYDANTIC_DISABLE_PLUGINS="__all__", TORCH_DEVICE_BACKEND_AUTOLOAD="0")
        return _one_by_one()


def owner_of(point: EntryPoint) -> tuple[str, str]:
    """Return the distribution of an entry point and its version."""
    return _named(point.dist) if point.dist else ("unknown", "")


@cache
def origin(name: str) -> str:
    """Say where a distribution came from: built in, an index, an address, or a folder."""
    if name == BUILTIN_DISTRIBUTION:
        return "built in"
    try:
        text = distribution(name).read_text("direct_url.json")
        if not text:
            return "an index"
        record = json.loads(text)
        editable = record.get("dir_info", {}).get("editable")
        return f"{record['url'].removeprefix('file://')}{' (editable)' if editable else ''}"
    except (PackageNotFoundError, ValueError, KeyError, AttributeError):  # absent, or a damaged record
        return "unknown"


def _one_by_one() -> tuple[list[EntryPoint], dict[tuple[str, str], str]]:
    points: list[EntryPoint] = []
    damaged: dict[tuple[str, str], str] = {}
    for installed in distributions():
        try:
            points += [point for point in installed.entry_points if _is_near(point.group)]
        except Exception as error:  # a file of others may hold anything
            damaged[_named(installed)] = f"its entry_points.txt is damaged ({reason(error)})"
    return points, damaged


def _is_near(group: str) -> bool:
    return re.match(rf"{hooks.PROJECT}($|[._-])", group) is not None


def _named(installed: Distribution) -> tuple[str, str]:
    try:
        return str(installed.name or "unknown"), str(installed.version or "")
    except Exception:  # no metadata, or damaged ones
        return "unknown", ""
