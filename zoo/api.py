"""The zoo from Python: load a colorizer, colour a picture."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from colorzoo.core import devices
from colorzoo.core.errors import ConfigError, WeightsError
from colorzoo.core.imaging.colored import ColoredPicture, PictureList
from colorzoo.core.imaging.conversion import to_picture, to_pictures
from colorzoo.core.imaging.image_io import read
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.core.interfaces.stage import Trainable
from colorzoo.core.registry import registry
from colorzoo.core.weights import folder as store
from colorzoo.hub import catalog
from colorzoo.jobs.in_memory import Stop, colored_pictures
from colorzoo.jobs.models import parse_model

if TYPE_CHECKING:
    from colorzoo.core.imaging.conversion import PictureLike

__all__ = ["colorize", "colorize_many", "load", "read"]


def load(
    name: str,
    weights: str | PathLike[str] | None = None,
    *,
    revision: str | None = None,
    device: str = "auto",
) -> Colorizer:
    """Return a colorizer ready to use, in eval mode; its weights ask for no gradients.

    name: as `colorzoo plugins` lists it, `name:weights`, or `owner/name` of weights on the Hub. weights: a
    name of the catalogue, a folder, or `owner/name` on the Hub; by default the embedded `default`, or none
    for a colorizer that has no weights. revision: branch, tag or commit of weights on the Hub. device:
    auto, which is the best one there is, cpu, cuda, cuda:1 or mps.

    Raises:
        UnknownNameError: there is no such colorizer, or no such weights.
        WeightsError: the weights are absent, damaged or of another colorizer.
        ConfigError: there is no such device.
        HubError: they cannot be pulled.
    """
    import torch

    if not isinstance(name, str):
        raise ConfigError(f"got {type(name).__name__}; expected the name of a colorizer, such as 'vae-mdn'")
    if not isinstance(weights, str | PathLike | None):
        raise ConfigError(
            f"weights: got {type(weights).__name__}; expected a name, or the path of a folder"
        )
    weights = os.fspath(weights) if weights is not None else None
    target = devices.resolve(device)
    if weights is None and (named := parse_model(name)):
        name, weights = named
    if "/" in name and weights is None:
        name, weights = _plugin_of(name, revision), name
    if revision and weights:
        weights = f"{weights}@{revision}"
    kind = registry().find("colorizer", name).load()
    folder = catalog.find(name, weights)
    colorizer: Colorizer = store.load(folder, kind, name) if folder else store.built(kind)
    if folder is None and colorizer.state():
        trainable = isinstance(colorizer, Trainable)
        command = f"train {name} --data ..." if trainable else f"weights new {name} -o FOLDER"
        raise WeightsError(
            f"{name} has no embedded weights; make some with `colorzoo {command}` and give their folder as "
            "weights"
        )
    if colorizer.weights_info:
        colorizer.weights_source = weights or colorizer.weights_info.name
    if isinstance(colorizer, torch.nn.Module):
        colorizer.to(target).eval().requires_grad_(False)
    return colorizer


def _plugin_of(text: str, revision: str | None) -> str:
    """Pull weights and return the plugin they are of, which must be installed."""
    from colorzoo.hub.pull import HubId, pull

    name = HubId.parse(f"{text}@{revision}" if revision else text)
    if name is None:
        raise WeightsError(f"{text!r}: expected the name of a plugin, or owner/name[@revision] on the Hub")
    info = pull(name).info
    if info.plugin not in registry().names("colorizer"):
        raise WeightsError(missing_plugin(info))
    return info.plugin


def missing_plugin(info: store.WeightsInfo) -> str:
    """Say which package brings the plugin that weights are of."""
    package = info.distribution or f"colorzoo-{info.plugin}"
    guess = "" if info.distribution else " (a guess from its name)"
    return f"these weights are of {info.plugin!r}, which is not installed: pip install {package}{guess}"


@overload
def colorize(
    picture: PictureLike,
    model: str | Colorizer = ...,
    *,
    weights: str | PathLike[str] | None = ...,
    device: str = ...,
    guidance: Guidance | None = ...,
    stop: Stop | None = ...,
    **options: object,
) -> PictureList[ColoredPicture]: ...


@overload
def colorize(
    picture: list[Any] | tuple[Any, ...],
    model: str | Colorizer = ...,
    *,
    weights: str | PathLike[str] | None = ...,
    device: str = ...,
    guidance: Guidance | Sequence[Guidance] | None = ...,
    stop: Stop | None = ...,
    **options: object,
) -> PictureList[PictureList[ColoredPicture]]: ...


def colorize(
    picture: PictureLike | list[Any] | tuple[Any, ...],
    model: str | Colorizer = "vae-mdn",
    *,
    weights: str | PathLike[str] | None = None,
    device: str = "auto",
    guidance: Guidance | Sequence[Guidance] | None = None,
    stop: Stop | None = None,
    **options: object,
) -> PictureList[Any]:
    """Colour a picture and return its samples, or colour a list of pictures and return a list of these.

    picture: a path, bytes, an open binary file, a PIL image, a `Picture`; a numpy array (H, W), (H, W, 1),
    (H, W, 3) or (H, W, 4) of uint8, uint16, or float in [0, 1]; a tensor (H, W), (1, H, W) or (3, H, W) of
    uint8, or float in [0, 1]; or a list of these, for which the model is loaded once. model: a colorizer's
    name, or one that `load` returned, which then brings its weights and device. guidance: what is wanted of
    the colours, of all pictures or one for each. stop: asked before every sample; True ends the call.
    options: `samples`, `seed` and those of the colorizer; a random seed is drawn if none is given, and is
    in the record.

    Samples are uint8 arrays, or uint16 of a picture of 16 bits, (H, W, 3) of its size, which have `save`,
    `rgb`, `pil`, `alpha` and `record`, and show themselves in a notebook.

    Raises:
        ImageError: a picture is of another type, shape or range, or damaged; nothing is coloured then.
        ConfigError: an option, the guidance or the device is wrong.
        StoppedError: `stop` returned True.
        UnknownNameError, WeightsError: as in `load`.
    """
    several = isinstance(picture, list | tuple)
    sources = to_pictures(picture) if isinstance(picture, list | tuple) else [to_picture(picture)]
    if not sources:
        return PictureList()
    told = [guidance] * len(sources) if isinstance(guidance, Guidance | None) else list(guidance)
    if len(told) != len(sources):
        raise ConfigError(f"got guidance for {len(told)} pictures, expected one for each of {len(sources)}")
    colorizer = _loaded(model, weights, device)
    colored = PictureList(colored_pictures(colorizer, sources, told, 1, stop, options))
    return colored if several else colored[0]


def colorize_many(
    model: str | Colorizer,
    pictures: Iterable[PictureLike],
    *,
    batch: int = 8,
    guidance: Iterable[Guidance] | None = None,
    stop: Stop | None = None,
    frames: bool = False,
    consistent: str | PathLike[str] | None = None,
    **options: object,
) -> Iterator[PictureList[ColoredPicture]]:
    """Yield the samples of each picture, as it is read: no more than a batch is held.

    Neighbours of one size, and of one seed, go through the network together; each is coloured as it is
    alone, to rounding. guidance: one for each picture, whose `seed` counts for that picture alone. frames:
    the pictures are frames of a sequence, whose colours agree; they go through one by one. consistent: the
    palette.json that `run --consistent` wrote, of a chapter whose colours the pictures take up.

    Raises:
        DataError: the palette.json is absent or damaged.
        ImageError, ConfigError, StoppedError, UnknownNameError, WeightsError: as in `colorize`.
    """
    if batch < 1:
        raise ConfigError(f"got batch={batch}; expected how many pictures to colour at once, from 1 on")
    told = repeat(None) if guidance is None else guidance
    yield from colored_pictures(
        _loaded(model, None, "auto"), map(to_picture, pictures), told, batch, stop, options,
        frames=frames, chapter=Path(consistent) if consistent is not None else None,
    )  # fmt: skip


def _loaded(model: str | Colorizer, weights: str | PathLike[str] | None, device: str) -> Colorizer:
    if not isinstance(model, Colorizer):
        return load(model, weights, device=device)
    if weights is not None or device != "auto":
        raise ConfigError(
            "weights and device are those of the loaded colorizer; give them to colorzoo.load"
        )
    return model
