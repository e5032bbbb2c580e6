"""Weights folders: config.json, model.safetensors, README.md. Nothing is ever unpickled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import AliasChoices, BaseModel, Field

from colorzoo.core.config import ColorizerConfig, validate
from colorzoo.core.errors import WeightsError, printable
from colorzoo.core.files import atomic_write, read_model
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.isolation import isolated
from colorzoo.core.weights import unfinished
from colorzoo.core.weights.safetensors_header import check_fit, read_header, with_sorted_metadata
from colorzoo.core.weights.weights_info import FEW as FEW
from colorzoo.core.weights.weights_info import Distribution as Distribution
from colorzoo.core.weights.weights_info import Measured as Measured
from colorzoo.core.weights.weights_info import PluginName as PluginName
from colorzoo.core.weights.weights_info import TrainedOn as TrainedOn
from colorzoo.core.weights.weights_info import WeightsInfo as WeightsInfo

if TYPE_CHECKING:
    from torch import Tensor

CONFIG, TENSORS, CARD = "config.json", "model.safetensors", "README.md"
MAX_CONFIG_BYTES = 1_000_000


def save(
    folder: Path,
    colorizer: Colorizer,
    info: WeightsInfo,
    card: str | Callable[[WeightsInfo], str],
    *,
    half: bool = False,
) -> WeightsInfo:
    """Write a weights folder and return its info, with the sha256 of the tensors.

    card: the text of README.md, or a function that returns it for the final info. half: store float32
    tensors as float16, in half the space.
    """
    data = _encoded(colorizer, info.plugin, half=half)
    info = info.model_copy(update={"sha256": hashlib.sha256(data).hexdigest()})
    with atomic_write(folder / TENSORS) as file:
        file.write(data)
    with atomic_write(folder / CARD) as file:
        file.write((card if isinstance(card, str) else card(info)).encode())
    write_info(folder, info)
    return info


def _encoded(colorizer: Colorizer, plugin: str, *, half: bool) -> bytes:
    """Return a colorizer's tensors as a safetensors file."""
    import torch
    from safetensors.torch import save as encode

    tensors = {name: tensor.cpu().contiguous() for name, tensor in colorizer.state().items()}
    if half:
        tensors = {n: t.half() if t.dtype == torch.float32 else t for n, t in tensors.items()}
    return with_sorted_metadata(encode(tensors, metadata={"format": "pt", "plugin": plugin}))


def write_info(folder: Path, info: WeightsInfo) -> None:
    """Write config.json, the last file of a weights folder: without it a folder is incomplete."""
    with atomic_write(folder / CONFIG) as file:
        file.write((json.dumps(info.model_dump(mode="json"), indent=2) + "\n").encode())


def read_info(folder: Path) -> WeightsInfo:
    """Return the content of config.json of a weights folder.

    Raises:
        WeightsError: it is absent, damaged, too large, or describes a model of another library.
    """
    path = folder / CONFIG
    if not path.is_file() and unfinished.is_unfinished(folder):
        raise WeightsError(f"{folder}: its training is unfinished; {unfinished.how_to_go_on(folder)}")
    if not path.is_file():
        raise WeightsError(f"{folder}: no {CONFIG}; expected a folder with {CONFIG} and {TENSORS}")
    owner = _foreign_owner(path)
    if owner:
        raise WeightsError(
            f"{path}: describes a model of {owner}, not of colorzoo; see `colorzoo weights list` for those "
            "that are here, `colorzoo plugins` for colorizers; if one adopts it: colorzoo weights convert "
            f"PLUGIN {folder / TENSORS} -o DIR"
        )
    return read_model(path, WeightsInfo, error=WeightsError, max_bytes=MAX_CONFIG_BYTES)


class _Foreign(BaseModel):
    """The fields by which configurations of other libraries name their model."""

    plugin: Any = None
    name: str = Field("", validation_alias=AliasChoices("_class_name", "model_type", "architecture"))


def _foreign_owner(path: Path) -> str:
    """Return the name of the model that another library's configuration describes; empty for ours."""
    try:
        foreign = read_model(path, _Foreign, error=WeightsError, max_bytes=MAX_CONFIG_BYTES)
    except WeightsError:
        return ""  # it is read again as one of ours, which gives the reason
    if foreign.plugin is not None or not foreign.name:
        return ""
    return f"another library ({printable(foreign.name, 60)})"


def load(folder: Path, cls: type[Colorizer], plugin: str) -> Colorizer:
    """Return the colorizer that the folder describes, with its tensors.

    Checked first, in this order: the configuration, the hash, the file's header, and that every tensor is
    what the plugin expects. Only then is memory allocated for the colorizer.

    Raises:
        WeightsError: a file is absent, damaged or of another plugin, or the tensors do not fit.
        ConfigError: the configuration is none of the plugin's.
        PluginError: the plugin's code fails.
    """
    info = read_info(folder)
    if info.plugin != plugin:
        raise WeightsError(
            f"{folder}: weights of {info.plugin!r}, not of {plugin!r}; "
            f"use: colorzoo run {info.plugin} --weights {folder}"
        )
    config = validate(cls.Config, info.config, f"{folder / CONFIG}: config")
    data = _tensor_bytes(folder, info.sha256)
    try:
        colorizer = _decoded(data, cls, config)
    except WeightsError as error:
        raise WeightsError(f"{folder / TENSORS}: {error}") from None
    colorizer.weights_info = info
    return colorizer


def _tensor_bytes(folder: Path, sha256: str) -> bytes:
    """Return the content of model.safetensors, of the given sha256 unless that is empty."""
    path = folder / TENSORS
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise WeightsError(f"{folder}: no {TENSORS}; only safetensors are loaded") from None
    if sha256 and hashlib.sha256(data).hexdigest() != sha256:
        raise WeightsError(f"{path}: its sha256 is not the one in {CONFIG}; fetch the folder again")
    return data


def _decoded(data: bytes, cls: type[Colorizer], config: ColorizerConfig) -> Colorizer:
    """Return a colorizer with the tensors of a safetensors file whose header fits its configuration."""
    from safetensors import SafetensorError
    from safetensors.torch import load as decode

    check_fit(read_header(data), expected_tensors(cls, config), cls.__name__)
    colorizer = built(cls, config)
    try:
        fill(colorizer, decode(data))
    except (SafetensorError, RuntimeError) as error:  # the latter is torch's
        raise WeightsError(printable(str(error))) from None
    return colorizer


def fill(colorizer: Colorizer, tensors: dict[str, Tensor]) -> None:
    """Load tensors whose header was checked: a module's inherited `load_state` would check them again."""
    from torch import nn

    inherited = type(colorizer).load_state is Colorizer.load_state
    if isinstance(colorizer, nn.Module) and inherited:
        colorizer.load_state_dict(tensors, strict=True)
    else:
        colorizer.load_state(tensors)


def built(cls: type[Colorizer], config: ColorizerConfig | None = None) -> Colorizer:
    """Return a new colorizer; the process's random state stays as it was.

    Raises:
        PluginError: its code fails; errors of the zoo that it raises stay what they are.
    """
    import torch

    with torch.random.fork_rng(devices=[]), isolated(f"{cls.__name__} cannot be built"):
        return cls(config)


def expected_tensors(cls: type[Colorizer], config: ColorizerConfig) -> Mapping[str, Tensor]:
    """Return the tensors of a configuration on the meta device: it may ask for any amount of memory."""
    import torch

    try:
        with torch.device("meta"), skip_normal_init():
            return cls(config).state()
    except Exception as error:  # a plugin may raise anything for unusual numbers
        raise WeightsError(f"its configuration builds no {cls.__name__} ({error})") from None


def skip_normal_init() -> AbstractContextManager[object]:
    """Return a context without the normal numbers of `nn.init`: for meta tensors they import a compiler."""
    from torch.overrides import TorchFunctionMode

    class SkipNormalInit(TorchFunctionMode):
        def __torch_function__(  # type: ignore[no-untyped-def]
            self, function, types, values=(), named=None
        ):
            if getattr(function, "__name__", "").endswith("normal_"):
                return values[0] if values else named["tensor"]
            return function(*values, **(named or {}))

    return SkipNormalInit()
