"""Finds the container that opens a file: by its ending, and among those by its content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from colorzoo.core.errors import DataError, printable
from colorzoo.core.imaging.image_io import READABLE
from colorzoo.core.interfaces.container import Container
from colorzoo.core.registry import RegisteredPlugin, registry


def container_suffixes() -> list[str]:
    """Return the endings of files that containers open, the longest first."""
    items = registry().entries["container"].values()
    suffixes = {suffix for item in items for suffix in item.entry.suffixes}
    return sorted(suffixes, key=lambda suffix: (-len(suffix), suffix))


def container_suffix(name: str) -> str:
    """Return the ending by which a name is one of a container's, empty if it is not."""
    return next((one for one in container_suffixes() if name.lower().endswith(one)), "")


def container_of(path: Path) -> type[Container] | None:
    """Return the class that opens a file, None if it is no container: a single picture, or anything else.

    Raises:
        DataError: the ending is a container's alone, and the content is none that is known.
        PluginError: the class of a plugin does not import.
    """
    suffix = container_suffix(path.name)
    if not suffix or not path.is_file():
        return None
    for item in _likeliest_first(suffix):
        cls: type[Container] = item.load()
        if cls.accepts(path):
            return cls
    if suffix in READABLE:
        return None
    raise DataError(f"{printable(str(path))}: damaged, or no {suffix[1:]} that can be read")


def opened(path: Path) -> Container:
    """Open a container.

    Raises:
        DataError: it is none, damaged, encrypted, or asks for too much.
        MissingExtraError: what reads it is not installed.
    """
    cls = container_of(path)
    if cls is None:
        raise DataError(f"{printable(str(path))}: one picture, or no file that is opened")
    return cls(path)


def any_container_of(path: Path) -> type[Container] | None:
    """Return the class that opens a file of any name by its content, such as one of standard input."""
    return next((cls for item in _likeliest_first("") if (cls := item.load()).accepts(path)), None)


def result_suffix(path: Path, cls: type[Container]) -> str:
    """Return the ending of what a container is written as."""
    return cls.written_as or container_suffix(path.name)


def result_suffixes(cls: type[Container]) -> tuple[str, ...]:
    """Return the endings that a file may have which a container is written to."""
    target = f"{cls.__module__}:{cls.__qualname__}"
    items = registry().entries["container"].values()
    own = next((item.entry.suffixes for item in items if item.entry.target == target), ())
    return (cls.written_as,) if cls.written_as else own


def _likeliest_first(suffix: str) -> Iterator[RegisteredPlugin]:
    """Yield containers of that ending, then the others: many a .cbz is a renamed .cbr."""
    items = registry().entries["container"].values()
    yield from (item for item in items if suffix in item.entry.suffixes)
    if suffix not in READABLE:
        yield from (item for item in items if suffix not in item.entry.suffixes)
