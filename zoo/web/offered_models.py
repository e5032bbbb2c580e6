"""What clients may choose: installed colorizers and weights that are here, by name; never a path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from colorzoo.core.config import RunOptions, completed, validate
from colorzoo.core.domains import DOMAINS
from colorzoo.core.errors import ColorzooError, ConfigError, UnknownNameError, printable
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.registry import registry
from colorzoo.core.weights.folder import TENSORS
from colorzoo.hub import catalog
from colorzoo.hub.hub_cache import Storage
from colorzoo.hub.pull import HubId
from colorzoo.jobs.models import ModelName, parse_model, runnable, suited
from colorzoo.web.request_schema import OfferedModel, OfferedWeights
from colorzoo.web.serve_settings import ServeSettings

CARD = "README.md"


class OfferedModels:
    """Colorizers and weights that a server offers; folders that its owner named go by their own names."""

    def __init__(self, settings: ServeSettings) -> None:
        self.settings = settings
        self.folders: dict[tuple[str, str], Path] = {}
        self.kinds: dict[str, type[Colorizer]] = {}
        self.unavailable: dict[str, str] = {}
        named = [self._named(text) for text in settings.models]
        for name in dict.fromkeys([one.name for one in named] or runnable()):
            try:
                self.kinds[name] = registry().find("colorizer", name).load()
            except ColorzooError as error:
                self.unavailable[name] = printable(str(error))
        self.models = {name: self._model(name) for name in self.kinds}

    def _named(self, text: str) -> ModelName:
        model = parse_model(text)
        if model is None:
            raise UnknownNameError("colorizer", printable(text), runnable())
        if model.weights and Path(model.weights).is_dir():
            folder = Path(model.weights).resolve()
            self.folders[model.name, folder.name] = folder
        return model

    def suited(self) -> dict[str, str]:
        """Return the colorizer, with weights, that suits each kind of picture."""
        chosen = {}
        for domain in DOMAINS:
            try:
                model = suited(domain)
            except ColorzooError:
                continue
            if model.name in self.models:
                chosen[str(domain)] = str(model)
        return chosen

    def find(self, model: str, weights: str | None) -> ModelName:
        """Return what a client named, with weights as they are loaded by.

        Raises:
            UnknownNameError: it is not offered.
            ConfigError: weights are named twice.
        """
        name, _, inside = model.partition(":")
        if name not in self.kinds:
            raise UnknownNameError("colorizer", printable(name, 80), self.kinds)
        if weights and inside:
            raise ConfigError("weights are named twice; name them in model or in weights")
        wanted = weights or inside or None
        if wanted is None and self.models[name].weights:
            wanted = self.models[name].weights[0].name
        return ModelName(name, self._weights(name, wanted) if wanted else None)

    def _weights(self, name: str, wanted: str) -> str:
        if (name, wanted) in self.folders:
            return str(self.folders[name, wanted])
        known = [one.name for one in self.models[name].weights]
        hub = HubId.parse(wanted)
        if wanted in known or (hub and "/" in wanted and (self.settings.allow_pull or _is_cached(hub))):
            return wanted
        raise UnknownNameError(f"weights of {name}", printable(wanted, 80), known)

    def label(self, model: ModelName) -> str | None:
        """Return what clients call weights."""
        labels = {
            str(folder): label for (name, label), folder in self.folders.items() if name == model.name
        }
        return labels.get(model.weights or "", model.weights)

    def options(self, name: str, given: Mapping[str, Any]) -> RunOptions:
        """Return validated options: of the likeliest colouring, unless samples are asked for.

        Raises:
            ConfigError: one is unknown or out of its range.
        """
        kind = self.kinds[name]
        likeliest = {} if "samples" in given else kind.single_answer
        options = validate(kind.Options, {**likeliest, **completed(kind.Options, given)}, "options")
        if options.samples > self.settings.samples:
            raise ConfigError(
                f"samples: got {options.samples}, at most {self.settings.samples} are made here"
            )
        return options

    def card(self, name: str, weights: str) -> str | None:
        """Return the card of weights that came with a package or were named by the owner."""
        folder = self.folders.get((name, weights))
        for entry, root in catalog.known(name):
            if entry.name == weights and entry.folder and folder is None:
                folder = root / entry.folder
        return (folder / CARD).read_text() if folder and (folder / CARD).is_file() else None

    def _model(self, name: str) -> OfferedModel:
        kind, item = self.kinds[name], registry().find("colorizer", name)
        stated = kind.capabilities
        return OfferedModel(
            name=name, summary=item.entry.summary, distribution=item.distribution,
            weights=[*self._own(name), *self._of_catalog(name)],
            options=kind.Options.model_json_schema(), single_answer=dict(kind.single_answer),
            deterministic=kind.deterministic, domains=list(stated.domains), takes=sorted(stated.takes),
            requires=sorted(stated.requires), paper=stated.paper,
        )  # fmt: skip

    def _own(self, name: str) -> list[OfferedWeights]:
        return [
            OfferedWeights(
                name=label, summary="of this machine", license="", domains=[], bytes=None, card=None
            )
            for owner, label in self.folders if owner == name
        ]  # fmt: skip

    def _of_catalog(self, name: str) -> list[OfferedWeights]:
        chosen = []
        for entry, root in catalog.known(name):
            local = catalog.local_folder(entry, root)
            here = local is not None and (local / TENSORS).is_file()
            if here or self.settings.allow_pull:
                size = (local / TENSORS).stat().st_size if local and here else None
                card = f"v1/models/{name}/weights/{entry.name}/card" if entry.folder else None
                chosen.append(OfferedWeights(
                    name=entry.name, summary=entry.summary, license=entry.license,
                    domains=list(entry.domains), bytes=size, card=card,
                ))  # fmt: skip
        return chosen


def _is_cached(hub: HubId) -> bool:
    """Return whether weights on the Hub were pulled before."""
    try:
        storage = Storage(hub.repo)
    except ValueError:  # no name of a repository
        return False
    return (
        storage.ref(hub.revision).is_file()
        or storage.snapshot(hub.revision or "").joinpath(TENSORS).is_file()
    )
