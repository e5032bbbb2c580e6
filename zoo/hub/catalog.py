"""Which weights are known by name: those in the package, and those that plugins point to on the Hub."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

from colorzoo.core.config import validate
from colorzoo.core.domains import Domain
from colorzoo.core.errors import UnknownNameError, WeightsError, printable
from colorzoo.core.registry import BUILTIN_DISTRIBUTION, registry
from colorzoo.core.weights.folder import CONFIG, WeightsInfo, read_info
from colorzoo.hub.catalog_entry import Catalog as Catalog
from colorzoo.hub.catalog_entry import CatalogEntry as CatalogEntry

CATALOG_FILE = Path(__file__).parents[1] / "pretrained" / "catalog.toml"
MAX_BYTES = 1_000_000
DEFAULT = "default"
"""The weights that are meant where none are named."""


class AnnouncedWeights(NamedTuple):
    """Weights of a catalogue, with the folder of its file and the distribution that announces it."""

    weights: CatalogEntry
    folder: Path
    distribution: str


def known(plugin: str | None = None) -> list[tuple[CatalogEntry, Path]]:
    """Return what the catalogues name, with the folder of each catalogue; `default` first."""
    return [(entry.weights, entry.folder) for entry in _entries(plugin)]


def embedded(plugin: str) -> list[str]:
    """Return the names of the weights that came with the packages, `default` first."""
    return [entry.name for entry, _ in known(plugin) if entry.folder]


def suited(domain: Domain) -> tuple[str, str] | None:
    """Return the colorizer and the weights that our catalogue names for pictures of a domain."""
    entries = (entry for entry in _read(CATALOG_FILE).weights if domain in entry.domains)
    return next(((entry.plugin, entry.name) for entry in entries), None)


def infos(plugin: str) -> list[WeightsInfo]:
    """Return the content of config.json of a plugin's embedded weights.

    Raises:
        WeightsError: one of them is damaged.
    """
    return [read_info(root / entry.folder) for entry, root in known(plugin) if entry.folder]


def find(plugin: str, weights: str | None) -> Path | None:
    """Return the folder of weights, pulled if need be; None where none were named and none are known.

    weights: a name of the catalogue, a folder, or `owner/name[@revision]` on the Hub.

    Raises:
        UnknownNameError: it is none of these.
        WeightsError: they are not those that the catalogue names.
        HubError: they cannot be pulled.
    """
    named = {entry.weights.name: entry for entry in _entries(plugin)}
    if weights is None:
        return _opened(*first[:2]) if (first := _default(plugin, named.values())) else None
    if weights in named:
        return _opened(*named[weights][:2])
    path = Path(weights).expanduser()
    if path.is_dir():
        return path
    from colorzoo.hub.pull import HubId, pull

    name = HubId.parse(weights)
    if name is not None:
        return pull(name).folder
    hint = "or give the path of a weights folder, or owner/name[@revision] on the Hub"
    raise UnknownNameError(f"weights of {plugin}", weights, named, hint=hint)


def pull_named(plugin: str, weights: str | None) -> tuple[CatalogEntry, Path]:
    """Bring weights of a catalogue to this machine, and return their folder.

    weights: their name, by default that of the colorizer's own. What was published elsewhere, and is here
    already, is compared with what is there now.

    Raises:
        UnknownNameError: no catalogue names them.
        HubError, WeightsError: as in `find`.
    """
    named = {entry.weights.name: entry for entry in _entries(plugin)}
    chosen = named.get(weights) if weights else _default(plugin, named.values())
    if chosen is None:
        raise UnknownNameError(f"weights of {plugin}", weights or DEFAULT, named)
    entry, root, _ = chosen
    return entry, _opened(entry, root, again=True)


def local_folder(entry: CatalogEntry, root: Path) -> Path | None:
    """Return the folder of an entry's weights, None where they would have to be pulled."""
    from colorzoo.hub.hub_cache import Storage

    if entry.folder:
        return root / entry.folder
    folder = entry.adopted_folder
    if not entry.is_published:
        folder = Storage(str(entry.repo)).snapshot(str(entry.commit))
    return folder if (folder / CONFIG).is_file() else None


def _opened(entry: CatalogEntry, root: Path, *, again: bool = False) -> Path:
    """Return the folder of an entry; what does not have its hash is refused."""
    if entry.is_published:
        from colorzoo.hub.adopted_weights import adopt

        return adopt(entry, again=again)
    if entry.folder is not None:
        folder = root / entry.folder
    else:
        from colorzoo.hub.pull import HubId, pull

        folder = pull(HubId(str(entry.repo), entry.commit)).folder
    sha256 = read_info(folder).sha256
    if sha256 != entry.sha256:
        raise WeightsError(
            f"{folder}: sha256 {sha256[:16]}, but the catalogue expects {entry.sha256[:16]} for "
            f"{entry.plugin} {entry.name}; install the package again"
        )
    return folder


def _entries(plugin: str | None) -> list[AnnouncedWeights]:
    """Return what the catalogues name, `default` first; each name belongs to who announces it first."""
    built_in = [
        AnnouncedWeights(weights, CATALOG_FILE.parent, BUILTIN_DISTRIBUTION)
        for weights in _read(CATALOG_FILE).weights
    ]
    announced = registry().gather("register_weights", _announced, _label, built_in)
    chosen = [entry for entry in announced if plugin in (None, entry.weights.plugin)]
    return sorted(chosen, key=lambda e: (e.weights.plugin, e.weights.name != DEFAULT, e.weights.name))


def _announced(path: Path, distribution: str) -> list[AnnouncedWeights]:
    """Return what a plugin's catalogue names; only the colorizer's own package may name its default."""
    entries = [AnnouncedWeights(weights, path.parent, distribution) for weights in _read(path).weights]
    for entry in entries:
        owner = _owner(entry.weights.plugin)
        if entry.weights.name == DEFAULT and owner not in (None, distribution):
            raise WeightsError(f"{path}: {_label(entry)} is for {owner} to name")
    return entries


def _label(entry: AnnouncedWeights) -> str:
    return f"weights {entry.weights.name!r} of {entry.weights.plugin}"


def _default(plugin: str, entries: Iterable[AnnouncedWeights]) -> AnnouncedWeights | None:
    """Return the weights for when none are named: the first of those that come with the colorizer."""
    owner = _owner(plugin)
    return next((entry for entry in entries if entry.distribution == owner), None)


def _owner(plugin: str) -> str | None:
    """Return the distribution that brings a colorizer."""
    registered = registry().entries["colorizer"].get(plugin)
    return registered.distribution if registered else None


@cache
def _read(path: Path) -> Catalog:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            raise WeightsError(f"{path}: larger than {MAX_BYTES:,} bytes, not a catalogue of weights")
        return validate(Catalog, tomllib.loads(text.decode()), f"{path}: not a catalogue of weights")
    except FileNotFoundError:
        raise WeightsError(f"{path}: no such catalogue; a plugin announced it") from None
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{path}: not a catalogue of weights: {printable(str(error))}") from None
