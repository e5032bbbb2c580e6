"""The zoo from Python: load a colorizer, colour a picture."""

from __future__ import annotations

from os import PathLike

import numpy as np

from colorzoo.core import devices
from colorzoo.core.errors import ImageError, WeightsError
from colorzoo.core.imaging.image_io import Picture, Pixels, read
from colorzoo.core.inference import colorize as engine
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.stage import Trainable
from colorzoo.core.registry import registry
from colorzoo.core.weights import folder as store
from colorzoo.hub import catalog

__all__ = ["colorize", "load", "read"]


def load(
    name: str, weights: str | None = None, *, revision: str | None = None, device: str = "cpu"
) -> Colorizer:
    """Return a colorizer ready to use, in eval mode; its weights ask for no gradients.

    name: a plugin's, as `colorzoo plugins` lists them, or `owner/name` of weights on the Hub. weights: a
    name of the catalogue, a folder, or `owner/name` on the Hub; by default the embedded `default`, or none
    for a colorizer that has no weights. revision: branch, tag or commit of weights on the Hub.
    """
    import torch

    target = devices.resolve(device)
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
            "--weights"
        )
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


def colorize(
    picture: str | PathLike[str] | Pixels,
    name: str = "vae-mdn",
    *,
    weights: str | None = None,
    device: str = "cpu",
    **options: object,
) -> list[Pixels]:
    """Colour a path, or uint8 grey (H, W) or RGB (H, W, 3); return RGB uint8 pictures, one a sample."""
    source = _from_array(picture) if isinstance(picture, np.ndarray) else read(picture)
    colorizer = load(name, weights, device=device)
    return [sample.rgb for sample in engine.colorize(colorizer, source, options)]


def _from_array(array: Pixels) -> Picture:
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] != 3):
        raise ImageError(f"expected uint8 (H, W) or (H, W, 3), got {array.dtype} with shape {array.shape}")
    rgb = array if array.ndim == 3 else np.repeat(array[..., None], 3, axis=2)
    return Picture(np.ascontiguousarray(rgb))
