"""What the options of `colorzoo train` mean: the job, with its dataset opened."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, get_args

import torch

from colorzoo.core.config import ColorizerConfig, from_preset, validate
from colorzoo.core.data.packed import Fit
from colorzoo.core.errors import ConfigError, UnknownNameError
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.registry import registry
from colorzoo.core.training.loop import TrainConfig
from colorzoo.hub import catalog
from colorzoo.jobs.datasets import held_out, open_datasets
from colorzoo.jobs.train import TrainJob


class TrainOptions(TrainConfig):
    """Settings of a run, and what is trained on what; the command line has options of these names."""

    name: str
    data: list[str]
    split: str | None = None
    preset: str = "default"
    set_: list[str] = []
    out: Path | None = None
    resume: bool = False
    init: str | None = None
    blend: str | None = None
    fit: str = "squash"
    threads: int | None = None
    weights_name: str = "default"
    summary: str = ""
    license: str = "apache-2.0"
    credit: str = ""
    half: bool = False
    epochs: float | None = None
    batch_size: int | None = None


def job_of(values: Mapping[str, object], command: str) -> TrainJob:
    """Return the job that values of `TrainOptions` mean; threads are set. command: noted on the card.

    Raises:
        ColorzooError: what is named does not exist, or a value does not fit.
    """
    options = validate(TrainOptions, values, "train")
    if options.threads:
        torch.set_num_threads(options.threads)
    cls = registry().find("colorizer", options.name).load()
    given = {"epochs": options.epochs, "batch_size": options.batch_size}
    model = _model(cls, options, {key: value for key, value in given.items() if value is not None})
    fit = _fit(options.fit)
    dataset = open_datasets(options.data, options.split, prefer="train")
    return TrainJob(
        plugin=options.name,
        kind=cls,
        model=model,
        run=TrainConfig(**options.model_dump(include=set(TrainConfig.model_fields))),
        dataset=dataset,
        held_out=partial(held_out, options.data, dataset.split) if options.validate_every != 0 else None,
        address=" + ".join(options.data),
        split=dataset.split,
        out=options.out or Path("runs") / f"{options.name}-{options.preset}",
        command=command,
        fit=fit,
        name=options.weights_name,
        init=catalog.find(options.name, options.init) if options.init else None,
        blend=_blend(options.name, options.blend) if options.blend else None,
        **options.model_dump(include={"summary", "license", "credit", "half"}),
    )


def _model(cls: type[Colorizer], options: TrainOptions, short: Mapping[str, object]) -> ColorizerConfig:
    """Return the configuration; short: values of fields that all stages get.

    Raises:
        ConfigError: no stage has such a field, or it was also given by --set.
    """
    model = from_preset(cls.Config, options.preset, options.set_)
    stages = {name: value for name, value in model.model_dump().items() if isinstance(value, dict)}
    unknown = [key for key in short if not any(key in stage for stage in stages.values())]
    if unknown:
        words = ", ".join(f"--{key.replace('_', '-')}" for key in unknown)
        raise ConfigError(
            f"{words}: no stage of {options.name} has {' or '.join(unknown)}; "
            f"`colorzoo plugins show {options.name}` lists its fields for --set"
        )
    pairs = list(options.set_)
    for stage, known in stages.items():
        pairs += [f"{stage}.{key}={value}" for key, value in short.items() if key in known]
        if "epochs" in short and known.get("steps"):
            pairs.append(f"{stage}.steps=none")  # or they would count, not the epochs
    return from_preset(cls.Config, options.preset, pairs)


def _fit(text: str) -> Any:
    if text not in get_args(Fit):
        raise UnknownNameError("--fit", text, get_args(Fit))
    return text


def _blend(plugin: str, text: str) -> tuple[Path, float]:
    weights, _, share = text.rpartition("=")
    try:
        number = float(share)
    except ValueError:
        number = -1
    if not (weights and 0 < number < 1):
        raise ConfigError(f"--blend {text}: expected WEIGHTS=SHARE with a share between 0 and 1")
    folder = catalog.find(plugin, weights)
    assert folder is not None  # named weights are found, or it raises
    return folder, number
