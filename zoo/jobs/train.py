"""A training run from address to weights folder."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

import colorzoo
from colorzoo.core import devices
from colorzoo.core.config import ColorizerConfig
from colorzoo.core.data.packed import Fit, Packed, pack
from colorzoo.core.errors import DataError, ImageError, TrainingError
from colorzoo.core.files import atomic_write, folder_lock
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.dataset import Dataset, Progress
from colorzoo.core.registry import registry
from colorzoo.core.training.listener import TrainingListener
from colorzoo.core.training.loop import CHECKPOINT, TrainConfig, train
from colorzoo.core.weights import folder as store
from colorzoo.core.weights import unfinished
from colorzoo.hub import catalog
from colorzoo.hub.card import card
from colorzoo.jobs.datasets import packed_cache

HIDDEN = ".train"


@dataclass(frozen=True)
class TrainJob:
    """What to train on what, and how to describe the result."""

    plugin: str
    kind: type[Colorizer]
    model: ColorizerConfig
    run: TrainConfig
    dataset: Dataset
    address: str
    split: str
    out: Path
    command: str
    fit: Fit = "squash"
    name: str = "default"
    summary: str = ""
    license: str = "apache-2.0"
    credit: str = ""
    half: bool = False
    init: Path | None = None
    blend: tuple[Path, float] | None = None
    """Weights to mix into the result, and their share."""
    held_out: Callable[[], Dataset | None] | None = None
    """Opens pictures that are not trained on, to look at their loss."""


def run_training(
    order: TrainJob,
    *,
    resume: bool,
    listener: TrainingListener | None = None,
    packing: Progress | None = None,
    notice: Callable[[], None] = lambda: None,
) -> Path:
    """Train, then write the weights folder; a finished run is not trained again.

    listener is told about steps, packing about decoded pictures, notice of an interruption.

    Raises:
        DataError: another process is at work in the folder.
    """
    with _memory_shortage_named(), ExitStack() as held:
        colorizer = _built(order)
        other = _other_state(order)  # before the training, so that what does not fit is said at once
        data = packed_cache(order.dataset, order.fit, packing)
        if os.environ.get("RANK", "0") == "0":  # of several processes this one writes
            held.enter_context(folder_lock(order.out / HIDDEN, *_written(order.out)))
            if not (order.out / CHECKPOINT).exists():
                unfinished.write_command(order.out, order.command)
        outcome = train(
            colorizer, data, order.out, order.run,
            resume=resume, notice=notice, listener=listener, held_out=_held_out(order),
        )  # fmt: skip
        if outcome.is_main_process:
            if order.blend:
                colorizer.load_state(_mixed(colorizer.state(), other, order.blend[1]))
            _save(order, colorizer, outcome.seconds)
    return order.out


def _held_out(order: TrainJob) -> Callable[[int], Packed | None]:
    """Return what gives the engine held-out pictures at any size; damaged ones stop no training."""

    def packed(size: int) -> Packed | None:
        with suppress(ImageError, DataError):
            dataset = order.held_out() if order.held_out else None
            return pack(dataset, size, order.fit) if dataset else None
        return None

    return packed


def _written(out: Path) -> list[Path]:
    """Return the files of a run folder that a killed run may have left half-written."""
    return [
        out / CHECKPOINT, out / store.TENSORS, out / store.CONFIG, out / store.CARD, out / "previews" / "*"
    ]  # fmt: skip


@contextmanager
def _memory_shortage_named() -> Iterator[None]:
    """Turn what is raised where memory ends into one line."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:  # torch raises its own kinds of the latter
        if isinstance(error, RuntimeError) and not re.search("allocate memory|out of memory", str(error)):
            raise
        raise TrainingError(
            "the training needs more memory than there is; try a smaller batch_size, size or width (--set)"
        ) from None


def _built(order: TrainJob) -> Colorizer:
    """Return the colorizer with the weights that it starts from."""
    torch.manual_seed(order.run.seed)  # the initial weights belong to the seed too
    colorizer = order.kind(order.model)
    if order.init:
        colorizer.load_state(store.load(order.init, order.kind, order.plugin).state())
    elif start := _start(colorizer):
        plugin = store.read_info(start).plugin
        kind = registry().find("colorizer", plugin).load()
        colorizer.start_from(store.load(start, kind, plugin).state())
    return colorizer


def _start(colorizer: Colorizer) -> Path | None:
    """Return the folder of another colorizer's weights that a training starts from, if any."""
    plugin, _, weights = colorizer.starts_from().partition(":")
    return catalog.find(plugin, weights or None) if plugin else None


def _save(order: TrainJob, colorizer: Colorizer, seconds: float) -> None:
    """Write the weights folder."""
    trained = store.TrainedOn(
        dataset=order.address,
        split=order.split,
        license=order.dataset.info.license,
        fingerprint=order.dataset.fingerprint,
        pictures=len(order.dataset),
        command=order.command,
        seed=order.run.seed,
        minutes=round(seconds / 60, 1),
        hardware=hardware(order.run.device),
        after=store.read_info(before).trained_on if (before := order.init or _start(colorizer)) else None,
        files=_files(order.dataset),
    )
    info = store.WeightsInfo(
        plugin=order.plugin,
        distribution=registry().find("colorizer", order.plugin).distribution,
        name=order.name,
        summary=order.summary,
        colorzoo_version=colorzoo.__version__,
        license=order.license,
        credit=order.credit or order.dataset.info.credit,
        config=order.model.model_dump(mode="json"),
        trained_on=trained,
    )
    store.save(order.out, colorizer, info, card, half=order.half)


def _files(dataset: Dataset) -> dict[str, str]:
    """Return the sha256 of every picture by its id, where they are few."""
    if len(dataset) > store.FEW:
        return {}
    return {name: dataset.digest(index) for index, name in enumerate(dataset.ids())}


def _other_state(order: TrainJob) -> Mapping[str, Tensor]:
    """Return the weights to mix in; they must be those of the configured model."""
    if not order.blend:
        return {}
    model = order.kind(order.model)
    model.load_state(store.load(order.blend[0], order.kind, order.plugin).state())
    return model.state()


def _mixed(own: Mapping[str, Tensor], other: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Average two sets of weights: what fine-tuning forgot comes back (Wortsman et al. 2022, WiSE-FT)."""
    return {
        name: torch.lerp(tensor, other[name].to(tensor), share) if tensor.is_floating_point() else tensor
        for name, tensor in own.items()
    }


def write_card(folder: Path, info: store.WeightsInfo) -> None:
    """Write config.json and the model card of a weights folder."""
    with atomic_write(folder / store.CARD) as file:
        file.write(card(info).encode())
    store.write_info(folder, info)


def hardware(device: str) -> str:
    """Describe the device in words."""
    resolved = devices.resolve(device)
    if resolved.type == "cuda":
        return torch.cuda.get_device_name(resolved)
    return f"{torch.get_num_threads()} thread(s) of a {platform.machine()} processor"
