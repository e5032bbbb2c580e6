"""One colorizer in a comparison: what it is, and what its results depend on."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import torch

from colorzoo.core import weights as store
from colorzoo.core.colorizer import Colorizer, Exam
from colorzoo.core.compare.results import WeightsUsed
from colorzoo.core.config import validate
from colorzoo.core.errors import WeightsError


@dataclass(frozen=True)
class Contestant:
    """A colorizer class with weights and options, under the label that the tables show."""

    label: str
    plugin: str
    kind: type[Colorizer]
    folder: Path | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    control: bool = False
    distribution: str = ""

    def build(self, exam: Exam, device: torch.device) -> Colorizer:
        """Load it, in eval mode on the device, acquainted with the exam."""
        validate(self.kind.Options, dict(self.options), self.label)
        colorizer = store.load(self.folder, self.kind, self.plugin) if self.folder else self.kind()
        if self.folder is None and colorizer.state():
            raise WeightsError(
                f"{self.label}: has no embedded weights; train some and write {self.plugin}:FOLDER"
            )
        if isinstance(colorizer, torch.nn.Module):
            colorizer.to(device).eval()
        colorizer.acquaint(exam)
        return colorizer

    @property
    def weights(self) -> WeightsUsed | None:
        """What is known of the weights."""
        if self.folder is None:
            return None
        info = store.read_info(self.folder)
        trained = info.trained_on.dataset if info.trained_on else ""
        return WeightsUsed(name=info.name, sha256=info.sha256, licence=info.licence, trained_on=trained)

    def identity(self, train_fingerprint: str) -> str:
        """Return a sha256 that changes with whatever its colourings may depend on."""
        info = store.read_info(self.folder).model_dump(mode="json") if self.folder else {}
        asks = self.kind.acquaint is not Colorizer.acquaint
        facts = [
            f"{self.kind.__module__}:{self.kind.__qualname__}",
            self.distribution,
            code_digest(self.kind.__module__),
            [info.get("sha256"), info.get("config")],
            {name: str(value) for name, value in self.options.items()},
            train_fingerprint if asks else "",
        ]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


@cache
def code_digest(module: str) -> str:
    """Return the sha256 over the sources of the package that holds a module, and of the core."""
    digest = hashlib.sha256()
    for name in (module, __name__.rpartition(".")[0], "colorzoo.core.color"):
        for file in _sources(name):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _sources(module: str) -> list[Path]:
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None or not Path(spec.origin).is_file():
        return []
    file = Path(spec.origin)
    return sorted(file.parent.glob("*.py")) if "." in module else [file]
