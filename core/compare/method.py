"""One colorizer in a comparison: what it is, and what its results depend on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch

from colorzoo.core.compare.identity import code_digest, content_digest, digest_or_text, files_in
from colorzoo.core.compare.results import WeightsUsed
from colorzoo.core.config import validate
from colorzoo.core.errors import WeightsError
from colorzoo.core.interfaces.colorizer import Colorizer, EvaluationContext
from colorzoo.core.weights import folder as store


@dataclass(frozen=True)
class ComparedMethod:
    """A colorizer class with weights and options, under the label that the tables show."""

    label: str
    plugin: str
    kind: type[Colorizer]
    folder: Path | None = None
    options: Mapping[str, object] = field(default_factory=dict)
    baseline: bool = False
    distribution: str = ""

    def build(self, context: EvaluationContext, device: torch.device) -> Colorizer:
        """Return the colorizer, loaded, in eval mode on the device, and fitted if it is a baseline."""
        colorizer = self.loaded()
        if isinstance(colorizer, torch.nn.Module):
            colorizer.to(device).eval()
        colorizer.fit_baseline(context)
        return colorizer

    def loaded(self) -> Colorizer:
        """Return the colorizer, loaded on the CPU.

        Raises:
            ConfigError: an option is wrong.
            WeightsError: its weights are absent or damaged.
        """
        validate(self.kind.Options, dict(self.options), self.label)
        colorizer = store.load(self.folder, self.kind, self.plugin) if self.folder else self.kind()
        if self.folder is None and colorizer.state():
            raise WeightsError(
                f"{self.label}: has no embedded weights; train some and write {self.plugin}:FOLDER"
            )
        return colorizer

    @property
    def weights(self) -> WeightsUsed | None:
        """Return which weights it uses, if any."""
        if self.folder is None:
            return None
        info = store.read_info(self.folder)
        trained = info.trained_on.dataset if info.trained_on else ""
        return WeightsUsed(name=info.name, sha256=info.sha256, license=info.license, trained_on=trained)

    @cached_property
    def depends(self) -> dict[str, str]:
        """Return digests by name of what its colourings depend on: code, weights, files, members."""
        digests = {"code": code_digest(self.kind.__module__)}
        if self.folder is not None:
            info, tensors = store.read_info(self.folder), self.folder / store.TENSORS
            digests["weights"] = info.sha256 or (content_digest(tensors) if tensors.is_file() else "")
            digests |= {f"config {name}": content_digest(file) for name, file in files_in(info.config)}
        given = validate(self.kind.Options, dict(self.options), self.label).model_dump(
            include=set(self.options)
        )
        digests |= {f"option {name}": content_digest(file) for name, file in files_in(given)}
        return digests | {f"member {number}": text for number, text in enumerate(self._members())}

    def _members(self) -> list[str]:
        if self.kind.depends is Colorizer.depends:
            return []
        try:
            return [digest_or_text(text) for text in self.loaded().depends()]
        except Exception:  # the run itself reports the reason
            return []

    def identity(self, train_fingerprint: str) -> str:
        """Return a sha256 that changes with whatever its colourings may depend on."""
        asks = self.kind.fit_baseline is not Colorizer.fit_baseline
        attributes = [
            f"{self.kind.__module__}:{self.kind.__qualname__}",
            self.distribution,
            self.depends,
            store.read_info(self.folder).config if self.folder else {},
            {name: str(value) for name, value in self.options.items()},
            train_fingerprint if asks else "",
        ]
        return hashlib.sha256(json.dumps(attributes, sort_keys=True).encode()).hexdigest()
