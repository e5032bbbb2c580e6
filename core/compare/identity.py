"""What results depend on, as digests: code, files that options name, members."""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import torch

from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.dataset import combined_digest

BUILTIN_DISTRIBUTION, OWN_DEPTH = __name__.partition(".")[0], 3
"""Our own package holds many plugins; the third part of a module's name tells them apart."""


def digest_of(colorizer: Colorizer) -> str:
    """Return the sha256 of a loaded colorizer: code, settings, weights; for an ensemble's `depends`."""
    weights = hashlib.sha256()
    for name, tensor in sorted(colorizer.state().items()):
        weights.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        weights.update(tensor.cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    cls = type(colorizer)
    values = colorizer.config.model_dump(mode="json")
    named = [f"{name} {content_digest(path)}" for name, path in files_in(values)]
    attributes = [cls.__module__, cls.__qualname__, code_digest(cls.__module__), str(values), *named]
    members = [digest_or_text(text) for text in colorizer.depends()]
    return hashlib.sha256("\n".join([*attributes, *members, weights.hexdigest()]).encode()).hexdigest()


def digest_or_text(text: object) -> str:
    """Return the digest of the file or folder that a text names, or the text."""
    path = _existing(str(text))
    return content_digest(path) if path else str(text)


def files_in(values: object, name: str = "") -> Iterator[tuple[str, Path]]:
    """Yield the files and folders that values name, by dotted name; `NAME:PATH` names one too."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            yield from files_in(value, f"{name}.{key}" if name else str(key))
    elif isinstance(values, (list, tuple)):
        for number, value in enumerate(values):
            yield from files_in(value, f"{name}.{number}")
    elif isinstance(values, (str, Path)):
        for text in (str(values), str(values).partition(":")[2]):
            if path := _existing(text):
                yield name, path
                return


def content_digest(path: Path) -> str:
    """Return the sha256 of a file, or of the files below a folder with their relative paths."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    return combined_digest(
        (inner.relative_to(path).as_posix(), content_digest(inner)) for inner in _below(path)
    )


@cache
def code_digest(module: str) -> str:
    """Return the sha256 over the package of the plugin that holds a module, and over the core."""
    roots = (_root(module), Path(__file__).parents[1])
    return combined_digest((str(number), content_digest(root)) for number, root in enumerate(roots) if root)


def _root(module: str) -> Path | None:
    """Return the folder of a plugin's package, or the file of a module that is in none."""
    parts = module.split(".")
    depths = range(OWN_DEPTH if parts[0] == BUILTIN_DISTRIBUTION else 1, len(parts) + 1)
    for name in (".".join(parts[:depth]) for depth in depths):  # namespace packages have no file
        spec = _spec(name)
        if spec is not None and spec.origin is not None and Path(spec.origin).is_file():
            file = Path(spec.origin)
            return file.parent if spec.submodule_search_locations else file
    return None


def _spec(module: str) -> importlib.machinery.ModuleSpec | None:
    try:
        return importlib.util.find_spec(module)
    except (ImportError, ValueError):  # a class of the script that runs
        return None


def _below(folder: Path) -> Iterable[Path]:
    """Yield the files below a folder; not those that running it makes."""
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(p.startswith(".") or p == "__pycache__" for p in parts):
            yield path


def _existing(text: str) -> Path | None:
    try:
        path = Path(text).expanduser()
        return path if text and (path.is_file() or path.is_dir()) else None
    except (OSError, RuntimeError, ValueError):  # too long for a name, or a home of nobody
        return None
