"""Which weights are known by name: those in the package, and those that plugins point to on the Hub."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Self

from pydantic import Field, ValidationError, model_validator

from colorzoo.core.config import Strict
from colorzoo.core.errors import UnknownNameError, WeightsError
from colorzoo.core.registry import registry
from colorzoo.core.weights import WeightsInfo, read_info

OWN = Path(__file__).parent / "catalog.toml"


class Known(Strict):
    """Weights of a plugin by a short name, in a folder beside the catalogue or on the Hub at a commit."""

    plugin: str
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    summary: str = ""
    licence: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="of model.safetensors")
    folder: str | None = Field(
        None, pattern=r"^[\w-]+(/[\w-]+)*$", description="relative to the catalogue's file"
    )
    repo: str | None = Field(None, pattern=r"^[\w.-]+/[\w.-]+$", description="owner/name on the Hub")
    commit: str | None = Field(None, pattern=r"^[0-9a-f]{40}$")
    metrics: dict[str, float] = {}

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.folder is None) == (self.repo is None) or (self.repo is None) != (self.commit is None):
            raise ValueError("expected folder, or repo and commit")
        return self


class Catalogue(Strict):
    """The content of a catalogue's TOML file."""

    weights: list[Known]


def known(plugin: str | None = None) -> list[tuple[Known, Path]]:
    """Return what the catalogues name, with the folder of each catalogue; `default` first."""
    found = [(entry, path.parent) for path in _files() for entry in _read(path).weights]
    chosen = [item for item in found if plugin in (None, item[0].plugin)]
    return sorted(chosen, key=lambda item: (item[0].plugin, item[0].name != "default", item[0].name))


def embedded(plugin: str) -> list[str]:
    """Return the names of the weights that came with the packages, `default` first."""
    return [entry.name for entry, _ in known(plugin) if entry.folder]


def infos(plugin: str) -> list[WeightsInfo]:
    """Return what is known of a plugin's embedded weights."""
    return [read_info(place / entry.folder) for entry, place in known(plugin) if entry.folder]


def find(plugin: str, weights: str | None) -> Path | None:
    """Return the folder of weights, pulled if need be; None where none were named and none are known.

    weights: a name of the catalogue, a folder, or `owner/name[@revision]` on the Hub.
    """
    there = {entry.name: (entry, place) for entry, place in known(plugin)}
    if weights is None:
        return _opened(*next(iter(there.values()))) if there else None
    if weights in there:
        return _opened(*there[weights])
    path = Path(weights).expanduser()
    if path.is_dir():
        return path
    from colorzoo.hub import HubId, pull

    name = HubId.parse(weights)
    if name is not None:
        return pull(name).folder
    hint = "or give the path of a weights folder, or owner/name[@revision] on the Hub"
    raise UnknownNameError(f"weights of {plugin}", weights, there, hint=hint)


def _opened(entry: Known, place: Path) -> Path:
    """Return the folder of an entry; what does not have its hash is refused."""
    if entry.folder is not None:
        folder = place / entry.folder
    else:
        from colorzoo.hub import HubId, pull

        folder = pull(HubId(str(entry.repo), entry.commit)).folder
    found = read_info(folder).sha256
    if found != entry.sha256:
        raise WeightsError(
            f"{folder}: sha256 {found[:16]}, but the catalogue expects {entry.sha256[:16]} for "
            f"{entry.plugin} {entry.name}; install the package again"
        )
    return folder


def _files() -> list[Path]:
    added: Iterable[Iterable[Path]] = registry().manager.hook.register_weights()
    return [OWN, *(path for paths in added for path in paths)]


@cache
def _read(path: Path) -> Catalogue:
    try:
        return Catalogue.model_validate(tomllib.loads(path.read_text()))
    except FileNotFoundError:
        raise WeightsError(f"{path}: no such catalogue; a plugin announced it") from None
    except (ValidationError, ValueError) as error:
        said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise WeightsError(f"{path}: not a catalogue of weights: {said}") from None
