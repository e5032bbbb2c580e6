"""Weights as a folder: config.json, model.safetensors, README.md. Nothing is ever unpickled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from packaging.utils import canonicalize_name
from pydantic import AfterValidator, AliasChoices, BaseModel, Field

from colorzoo.core.config import ColorizerConfig, Strict, validate
from colorzoo.core.errors import WeightsError
from colorzoo.core.files import atomic_write, printable, read_model
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.isolation import isolated
from colorzoo.core.weights.safetensors_header import check_fit, read_header, with_sorted_metadata

if TYPE_CHECKING:
    from torch import Tensor

CONFIG, TENSORS, CARD = "config.json", "model.safetensors", "README.md"
MAX_CONFIG_BYTES = 1_000_000


def _check_name(text: str) -> str:
    if text:
        canonicalize_name(text, validate=True)
    return text


Distribution = Annotated[str, Field(max_length=100), AfterValidator(_check_name)]
"""A name of a package as PEP 508 has it and nothing else, or nothing: it becomes part of a command."""
PluginName = Annotated[Distribution, Field(min_length=1)]
"""A plugin's name; it becomes part of a command as well."""


class TrainedOn(Strict):
    """What weights were trained on, and how long it took."""

    dataset: str = Field(description="address of the dataset")
    split: str
    license: str = Field("", description="of the pictures, as their source states it")
    fingerprint: str = Field(description="sha256 over ids and content of the pictures")
    pictures: int
    command: str = Field(description="the command that trains it again")
    seed: int
    minutes: float
    hardware: str
    after: TrainedOn | None = Field(None, description="the training that it started from, if any")

    @property
    def history(self) -> list[TrainedOn]:
        """All trainings that led here, the first one first."""
        return [*(self.after.history if self.after else []), self]


class Measured(Strict):
    """One measured value with what it was measured on."""

    name: str
    value: float
    unit: str
    protocol: str
    fingerprint: str = Field("", description="of the pictures it was measured on")


class WeightsInfo(Strict):
    """Everything about weights but the tensors: the content of config.json."""

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
    metrics: list[Measured] = []


def save(
    folder: Path, colorizer: Colorizer, info: WeightsInfo, card: str, *, half: bool = False
) -> WeightsInfo:
    """Write a weights folder; `half` stores float32 tensors in half the space (float16)."""
    import torch
    from safetensors.torch import save as encode

    tensors = {name: tensor.cpu().contiguous() for name, tensor in colorizer.state().items()}
    if half:
        tensors = {n: t.half() if t.dtype == torch.float32 else t for n, t in tensors.items()}
    data = with_sorted_metadata(encode(tensors, metadata={"format": "pt", "plugin": info.plugin}))
    info = info.model_copy(update={"sha256": hashlib.sha256(data).hexdigest()})
    with atomic_write(folder / TENSORS) as file:
        file.write(data)
    with atomic_write(folder / CARD) as file:
        file.write(card.encode())
    write_info(folder, info)
    return info


def write_info(folder: Path, info: WeightsInfo) -> None:
    """Write config.json, last of all: a folder without it is not weights yet."""
    with atomic_write(folder / CONFIG) as file:
        file.write((json.dumps(info.model_dump(mode="json"), indent=2) + "\n").encode())


def read_info(folder: Path) -> WeightsInfo:
    """Read config.json of a weights folder."""
    path = folder / CONFIG
    if not path.is_file():
        raise WeightsError(f"{folder}: no {CONFIG}; expected a folder with {CONFIG} and {TENSORS}")
    owner = _foreign_owner(path)
    if owner:
        raise WeightsError(
            f"{path}: describes a model of {owner}, not of colorzoo; see `colorzoo weights list` for those "
            "that are here, `colorzoo plugins` for colorizers"
        )
    return read_model(path, WeightsInfo, error=WeightsError, max_bytes=MAX_CONFIG_BYTES)


class _Foreign(BaseModel):
    """What configurations of other libraries say of themselves."""

    plugin: Any = None
    name: str = Field("", validation_alias=AliasChoices("_class_name", "model_type", "architecture"))


def _foreign_owner(path: Path) -> str:
    """Return whose model another library's configuration describes; nothing for one of ours."""
    try:
        found = read_model(path, _Foreign, error=WeightsError, max_bytes=MAX_CONFIG_BYTES)
    except WeightsError:
        return ""  # it is read again, and the reason said, as one of ours
    return (
        ""
        if found.plugin is not None or not found.name
        else f"another library ({printable(found.name, 60)})"
    )


def load(folder: Path, kind: type[Colorizer], plugin: str) -> Colorizer:
    """Build the colorizer that the folder describes and load its tensors.

    Checked before, in this order: the configuration, the hash, the file's header, and that every tensor is
    what the plugin expects. Only then is memory taken for it.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load as decode

    info = read_info(folder)
    if info.plugin != plugin:
        raise WeightsError(
            f"{folder}: weights of {info.plugin!r}, not of {plugin!r}; "
            f"use: colorzoo run {info.plugin} --weights {folder}"
        )
    config = validate(kind.Config, info.config, f"{folder / CONFIG}: config")
    path = folder / TENSORS
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise WeightsError(f"{folder}: no {TENSORS}; only safetensors are loaded") from None
    if info.sha256 and hashlib.sha256(data).hexdigest() != info.sha256:
        raise WeightsError(f"{path}: its sha256 is not the one in {CONFIG}; fetch the folder again")
    try:
        check_fit(read_header(data), _expected(kind, config), kind.__name__)
        colorizer = built(kind, config)
        colorizer.load_state(decode(data))
    except (SafetensorError, WeightsError) as error:
        raise WeightsError(f"{path}: {error}") from None
    colorizer.weights_info = info
    return colorizer


def built(kind: type[Colorizer], config: ColorizerConfig | None = None) -> Colorizer:
    """Build a colorizer and leave the process's random state as it was.

    Raises:
        PluginError: its code fails; errors of the zoo that it raises stay what they are.
    """
    import torch

    with torch.random.fork_rng(devices=[]), isolated(f"{kind.__name__} cannot be built"):
        return kind(config)


def _expected(kind: type[Colorizer], config: ColorizerConfig) -> Mapping[str, Tensor]:
    """Return the tensors of a configuration without their memory: it may ask for more than there is."""
    import torch

    try:
        with torch.device("meta"), skip_normal_init():
            return kind(config).state()
    except Exception as error:  # a plugin may raise anything for numbers nobody thought of
        raise WeightsError(f"its configuration builds no {kind.__name__} ({error})") from None


def skip_normal_init() -> AbstractContextManager[object]:
    """Leave out the random numbers of `nn.init`: without memory they cost the import of a compiler."""
    from torch.overrides import TorchFunctionMode

    class WithoutChance(TorchFunctionMode):
        def __torch_function__(  # type: ignore[no-untyped-def]
            self, function, types, values=(), named=None
        ):
            if getattr(function, "__name__", "").endswith("normal_"):
                return values[0] if values else named["tensor"]
            return function(*values, **(named or {}))

    return WithoutChance()
