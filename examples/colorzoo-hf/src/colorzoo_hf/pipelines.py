"""Pipelines of diffusers by name: fetched once at a commit, safetensors alone, none of their own code."""

from __future__ import annotations

import importlib.util
import inspect
import json
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

from colorzoo.core import ConfigError, MissingExtraError, WeightsError
from colorzoo.core.errors import ColorzooError, printable
from colorzoo_hf.config import DiffusersConfig

SAFE = {"use_safetensors": True, "trust_remote_code": False}
LOADING = threading.Lock()


class MissingDiffusersError(MissingExtraError):
    """The extra is not installed."""

    def __init__(self) -> None:
        ColorzooError.__init__(
            self,
            "diffusers needs the packages diffusers and transformers: pip install 'colorzoo-hf[diffusers]'",
        )


def require_diffusers() -> None:
    """Check that the extra is installed.

    Raises:
        MissingDiffusersError: it is not.
    """
    if not all(importlib.util.find_spec(name) for name in ("diffusers", "transformers")):
        raise MissingDiffusersError


def loaded(config: DiffusersConfig, device: str) -> Any:
    """Return a pipeline that takes a picture, on a device; the same one for the same configuration.

    Raises:
        ConfigError: none is named.
        WeightsError: it cannot be had, has code of its own or no safetensors.
    """
    if not config.pipeline:
        raise ConfigError(
            "diffusers needs a pipeline: colorzoo weights new diffusers --set pipeline=owner/name"
        )
    with LOADING:
        return _loaded(config.pipeline, config.revision, config.dtype, device)


@lru_cache(maxsize=1)
def _loaded(name: str, revision: str, dtype: str, device: str) -> Any:
    import torch
    from diffusers import AutoPipelineForImage2Image, DiffusionPipeline

    try:
        folder = _folder(name, revision)
        _check_index(folder)
        pipeline = DiffusionPipeline.from_pretrained(folder, torch_dtype=getattr(torch, dtype), **SAFE)
        if "image" not in parameters_of(pipeline):
            pipeline = AutoPipelineForImage2Image.from_pipe(pipeline)
    except ColorzooError:
        raise
    except Exception as error:  # the library raises its own kinds, and those of three others
        raise WeightsError(f"{name}: {printable(str(error)) or type(error).__name__}") from None
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(device)


def parameters_of(pipeline: Any) -> frozenset[str]:
    """Return the names of what a pipeline takes."""
    return frozenset(inspect.signature(type(pipeline).__call__).parameters)


def _folder(name: str, revision: str) -> Path:
    """Return the folder of a pipeline, from the cache of the Hub if it is there."""
    from diffusers import DiffusionPipeline

    if Path(name).expanduser().is_dir():
        return Path(name).expanduser()
    if not revision:
        raise WeightsError(f"{name}: a pipeline on the Hub needs its full commit: --set revision=...")
    try:
        return Path(DiffusionPipeline.download(name, revision=revision, local_files_only=True, **SAFE))
    except Exception:  # whatever is missing is fetched now
        return Path(DiffusionPipeline.download(name, revision=revision, **SAFE))


def _check_index(folder: Path) -> None:
    """Refuse a pipeline that brings classes of its own.

    Raises:
        WeightsError: it does.
    """
    import diffusers

    index = json.loads((folder / "model_index.json").read_text())
    libraries = {value[0] for name, value in index.items() if name[0] != "_" and isinstance(value, list)}
    known = {None, "diffusers", "transformers"}
    own = [str(name) for name in libraries - known if not hasattr(diffusers.pipelines, str(name))]
    if own or not isinstance(index.get("_class_name"), str):
        raise WeightsError(
            f"{folder.name}: has code of its own ({', '.join(own) or 'pipeline'}), never run"
        )
