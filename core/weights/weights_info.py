"""The content of config.json of a weights folder."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from packaging.utils import canonicalize_name
from pydantic import AfterValidator, Field

from colorzoo.core.config import Strict


def _check_name(text: str) -> str:
    if text:
        canonicalize_name(text, validate=True)
    return text


FEW = 16
"""Pictures up to which each is named with its sha256."""
Distribution = Annotated[str, Field(max_length=100), AfterValidator(_check_name)]
"""A name of a package as PEP 508 has it and nothing else, or empty: it becomes part of a command."""
PluginName = Annotated[Distribution, Field(min_length=1)]
"""A plugin's name; it becomes part of a command as well."""


class TrainedOn(Strict):
    """The data that weights were trained on, the command, and how long it took."""

    dataset: str = Field(description="address of the dataset")
    split: str
    license: str = Field("", description="of the pictures, as their source states it")
    fingerprint: str = Field(description="sha256 over ids and content of the pictures")
    pictures: int
    files: dict[str, str] = Field({}, description="sha256 of every picture by its id, where they are few")
    command: str = Field(description="the command that trains it again")
    seed: int
    minutes: float
    hardware: str
    after: TrainedOn | None = Field(None, description="the training that it started from, if any")

    @property
    def history(self) -> list[TrainedOn]:
        """Return all trainings, the first one first."""
        return [*(self.after.history if self.after else []), self]


class Measured(Strict):
    """One measured value and the pictures it was measured on."""

    name: str
    value: float
    unit: str
    protocol: str
    fingerprint: str = Field("", description="of the pictures it was measured on")


class AdoptedFrom(Strict):
    """The published file that weights were adopted from."""

    address: str = Field(description="an address, or owner/name@commit:file on the Hub")
    sha256: str = Field(description="of the file")
    stated: str = Field("", description="digest of the catalogue's entry and the plugin's version")


class WeightsInfo(Strict):
    """The content of config.json: everything about weights except the tensors."""

    format: Literal["1"] = "1"
    plugin: PluginName
    distribution: Distribution = Field("", description="package that brings the plugin")
    name: str = Field("default", description="short name, as --weights takes it")
    summary: str = ""
    colorzoo_version: str
    license: str
    credit: str = ""
    sha256: str = Field("", description="of model.safetensors")
    config: dict[str, Any]
    trained_on: TrainedOn | None = None
    adopted_from: AdoptedFrom | None = None
    metrics: list[Measured] = []
