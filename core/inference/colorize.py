"""Colours a picture with any colorizer, keeping its size, alpha and luma, and following guidance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch

from colorzoo.core.config import RunOptions, validate
from colorzoo.core.devices import device_of
from colorzoo.core.errors import ConfigError
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.inference.prediction import NOTHING, Prediction, fitted, to_tensor
from colorzoo.core.interfaces.capabilities import Capabilities
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.core.interfaces.outputs import checked_samples
from colorzoo.core.isolation import isolated

Options = RunOptions | Mapping[str, object] | None


def colorize(
    colorizer: Colorizer, picture: Picture, options: Options = None, guidance: Guidance = NOTHING
) -> list[Picture]:
    """Return one picture per sample, of the same size and alpha, with the luma of the input.

    options: by name, or validated already into the colorizer's `Options`.

    Raises:
        ConfigError: an option is unknown or out of its range, or a hint lies outside the picture.
        PluginError: the colorizer raised, or what it returned breaks the contract.
    """
    return list(colorings(colorizer, picture, options, guidance))


def colorings(
    colorizer: Colorizer, picture: Picture, options: Options = None, guidance: Guidance = NOTHING
) -> Iterator[Picture]:
    """Yield what `colorize` returns, one by one: memory holds a single sample at full size.

    Raises:
        ConfigError, PluginError: as in `colorize`, before the first sample.
    """
    yield from predict(colorizer, picture, options, guidance).pictures(guidance)


def predict(
    colorizer: Colorizer, picture: Picture, options: Options = None, guidance: Guidance = NOTHING
) -> Prediction:
    """Return what the colorizer predicts; of guidance it gets what it takes, `Prediction` applies the rest.

    Raises:
        ConfigError, PluginError: as in `colorize`.
    """
    stated = colorizer.capabilities
    chosen = validate(colorizer.Options, options or {}, "options")
    native = _native(type(colorizer).__name__, stated, guidance)
    with torch.inference_mode():
        side = colorizer.max_input_side or stated.max_input_side
        gray = fitted(to_tensor(picture.gray).to(device_of(colorizer)), side, stated.size_multiple)
        size, full = (gray.shape[-2], gray.shape[-1]), (picture.gray.shape[0], picture.gray.shape[1])
        guide = gray.clone() if size != full else None  # a colorizer may change its input
        with isolated(type(colorizer).__name__):
            told = [native.in_pixels(full, size)] if native.given() else []
            (colored,) = checked_samples(colorizer, gray, chosen, told)
            keeps_luma = colorizer.keeps_luma_for(chosen)
    return Prediction(picture, colored, guide, keeps_luma, stated)


def _native(name: str, stated: Capabilities, guidance: Guidance) -> Guidance:
    """Return the part of guidance that the colorizer is given.

    Raises:
        ConfigError: it requires what is not there.
    """
    missing = sorted(stated.requires - guidance.given())
    if missing:
        raise ConfigError(f"{name} needs {', '.join(missing)}: give --{missing[0].rstrip('s')}")
    return guidance.without(guidance.given() - stated.takes)
