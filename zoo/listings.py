"""What there is, as plain lists: colorizers, datasets, metrics and weights. Imports none of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from colorzoo.core.registry import registry
from colorzoo.core.weights.folder import TENSORS
from colorzoo.hub import catalog
from colorzoo.hub.catalog import CatalogEntry


@dataclass(frozen=True)
class ListedPlugin:
    """A colorizer, dataset or metric: its name, one line about it, and the package that brings it."""

    name: str
    summary: str
    distribution: str


@dataclass(frozen=True)
class ListedWeights:
    """Weights of a catalogue.

    sha256: of their tensors, or of the published file that they are adopted from; empty where nobody knows.
    size: of the file of these in bytes, None where they are not on this machine.
    """

    name: str
    summary: str
    license: str
    sha256: str
    size: int | None


def colorizers(*, baselines: bool = False) -> list[ListedPlugin]:
    """Return the installed colorizers, sorted by name.

    baselines: also those that comparisons hold the others against, such as the grey copy.
    """
    return _listed("colorizer", baselines=baselines)


def datasets() -> list[ListedPlugin]:
    """Return the installed sources of pictures, sorted by name."""
    return _listed("dataset")


def metrics() -> list[ListedPlugin]:
    """Return the installed metrics, sorted by name."""
    return _listed("metric")


def weights(name: str) -> list[ListedWeights]:
    """Return the weights that a colorizer's catalogues name, `default` first.

    Raises:
        UnknownNameError: there is no such colorizer.
    """
    registry().find("colorizer", name)
    return [_weights(entry, root) for entry, root in catalog.known(name)]


def _listed(kind: str, *, baselines: bool = True) -> list[ListedPlugin]:
    plugins = registry().entries[kind]
    return [
        ListedPlugin(name, plugins[name].entry.summary, plugins[name].distribution)
        for name in sorted(plugins)
        if baselines or not plugins[name].entry.baseline
    ]


def _weights(entry: CatalogEntry, root: Path) -> ListedWeights:
    folder = catalog.local_folder(entry, root)
    tensors = folder / TENSORS if folder else None
    size = tensors.stat().st_size if tensors and tensors.is_file() else None
    return ListedWeights(entry.name, entry.summary, entry.license, entry.sha256, size)
