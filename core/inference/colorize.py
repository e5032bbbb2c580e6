"""Colours pictures with any colorizer, keeping their size, alpha and luma, and following guidance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, islice

import torch

from colorzoo.core.config import RunOptions, validate
from colorzoo.core.devices import device_of
from colorzoo.core.errors import ConfigError
from colorzoo.core.guidance.apply import HINTS
from colorzoo.core.guidance.correspondence import Cells
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.inference.inference_copy import inference_copy
from colorzoo.core.inference.prediction import NOTHING, Prediction, Size, fitted_size, resized, to_tensor
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
    colorizer: Colorizer,
    picture: Picture,
    options: Options = None,
    guidance: Guidance = NOTHING,
    table: Cells | None = None,
) -> Iterator[Picture]:
    """Yield what `colorize` returns, one by one: memory holds a single sample at full size.

    table: what the pages of a chapter agree on.

    Raises:
        ConfigError, PluginError: as in `colorize`, before the first sample.
    """
    yield from predict(colorizer, picture, options, guidance).pictures(guidance, table)


def predict(
    colorizer: Colorizer, picture: Picture, options: Options = None, guidance: Guidance = NOTHING
) -> Prediction:
    """Return what the colorizer predicts; of guidance it gets what it takes, `Prediction` applies the rest.

    A seed of the guidance comes before that of the options.

    Raises:
        ConfigError, PluginError: as in `colorize`.
    """
    (prediction,) = _together(colorizer, [picture], seeded(colorizer, options, guidance), [guidance])
    return prediction


def predict_many(
    colorizer: Colorizer,
    pictures: Iterable[Picture],
    options: Options,
    guidance: Iterable[Guidance],
    batch: int,
) -> Iterator[Prediction]:
    """Yield the prediction of each picture under its guidance: what it gets alone, to rounding.

    batch: most neighbours that go through the network at once, where they are of one size, as the
    colorizer is given them, and of one seed.

    Raises:
        ConfigError, PluginError: as in `colorize`.
    """
    pairs = zip(pictures, guidance, strict=False)

    def alike(pair: tuple[Picture, Guidance]) -> tuple[object, ...]:
        return given_size(colorizer, pair[0]), pair[1].seed

    most = min(batch, colorizer.capabilities.max_batch or batch)
    for _, group in groupby(pairs, alike):
        while several := list(islice(group, most)):
            told = [guidance for _, guidance in several]
            chosen = seeded(colorizer, options, told[0])
            yield from _together(colorizer, [picture for picture, _ in several], chosen, told)


def _together(
    colorizer: Colorizer, pictures: Sequence[Picture], options: RunOptions, guidance: Sequence[Guidance]
) -> list[Prediction]:
    """Return the predictions of pictures that the colorizer is given at one size."""
    name, size = type(colorizer).__name__, given_size(colorizer, pictures[0])
    told = [
        taken(name, colorizer.capabilities, one).in_pixels(picture.full_size, size)
        for one, picture in zip(guidance, pictures, strict=True)
    ]
    native = told if any(one.given() for one in told) else []
    with torch.inference_mode():
        given = [resized(to_tensor(picture.gray), size) for picture in pictures]
        gray = torch.cat(given).to(device_of(colorizer))
        smaller = any(picture.size != size for picture in pictures)
        unchanged = gray.clone() if smaller else gray  # a colorizer may change its input
        with isolated(name):
            colored = checked_samples(inference_copy(colorizer), gray, options, native)
            keeps_luma = colorizer.keeps_luma_for(options)
    return [
        Prediction(
            picture, colored[index], None if picture.size == size else unchanged[index : index + 1],
            keeps_luma, _done(colorizer.capabilities, told[index]),
        )
        for index, picture in enumerate(pictures)
    ]  # fmt: skip


def seeded(colorizer: Colorizer, options: Options, guidance: Guidance) -> RunOptions:
    """Return validated options, with the seed of the guidance if it has one."""
    chosen = validate(colorizer.Options, options or {}, "options")
    return chosen if guidance.seed is None else chosen.model_copy(update={"seed": guidance.seed})


def given_size(colorizer: Colorizer, picture: Picture) -> Size:
    """Return the size at which a colorizer is given a picture."""
    stated = colorizer.capabilities
    side = colorizer.max_input_side or stated.max_input_side
    return fitted_size(picture.size, side, stated.size_multiple)


def _done(stated: Capabilities, told: Guidance) -> Capabilities:
    """Return what a colorizer states without hints, if it was given none."""
    return stated if told.hints else stated.model_copy(update={"takes": stated.takes - HINTS})


def taken(name: str, stated: Capabilities, guidance: Guidance) -> Guidance:
    """Return the part of guidance that the colorizer is given.

    Raises:
        ConfigError: it requires what is not there.
    """
    missing = sorted(stated.requires - guidance.given())
    if missing:
        raise ConfigError(f"{name} needs {', '.join(missing)}: give --{missing[0].rstrip('s')}")
    return guidance.without(guidance.given() - stated.takes)
