"""Colours the frames of a sequence so that they agree: by the colorizer itself, or along the motion."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain

import torch
from torch import Tensor

from colorzoo.core.devices import device_of
from colorzoo.core.errors import PluginError
from colorzoo.core.guidance.apply import HINTS
from colorzoo.core.guidance.motion import Carry, steadied
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.inference.colorize import Options, given_size, predict, seeded, taken
from colorzoo.core.inference.inference_copy import inference_copy
from colorzoo.core.inference.prediction import SIDE, Prediction, resized, to_tensor
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.core.interfaces.outputs import check_output
from colorzoo.core.interfaces.sequence_colorizer import SequenceColorizer
from colorzoo.core.isolation import isolated


def predict_sequence(
    colorizer: Colorizer,
    frames: Iterable[tuple[Picture, Guidance]],
    options: Options = None,
    carry: Carry | None = None,
) -> Iterator[Prediction]:
    """Yield the predictions of frames in their order, which agree; few frames are held at a time.

    A SequenceColorizer makes them itself. Chroma of any other colorizer is carried along the motion, anew
    at a cut; guidance acts on what is carried, so that a hint of one frame stays with it. carry: what the
    frame before the first one handed on, and where each leaves it; nothing of a SequenceColorizer.

    Raises:
        ConfigError, PluginError: as in `colorize`.
    """
    if isinstance(colorizer, SequenceColorizer):
        return _by_itself(colorizer, iter(frames), options)
    spread = HINTS - colorizer.capabilities.requires  # by the engine, on what was carried
    predictions = (predict(colorizer, picture, options, told.without(spread)) for picture, told in frames)
    return _along_the_motion(predictions, carry)


def _along_the_motion(
    predictions: Iterable[Prediction], carry: Carry | None = None
) -> Iterator[Prediction]:
    held: deque[tuple[Prediction, Tensor, Tensor]] = deque()

    def planes() -> Iterator[tuple[Tensor, Tensor]]:
        for prediction in predictions:
            gray, luma, chroma = prediction.planes(SIDE if prediction.keeps_luma else None)
            held.append((prediction, gray, luma))
            yield gray[0], chroma

    for chroma in steadied(planes(), carry):
        prediction, gray, luma = held.popleft()
        yield prediction.recolored(gray, luma, chroma)


def _by_itself(
    colorizer: Colorizer, frames: Iterator[tuple[Picture, Guidance]], options: Options
) -> Iterator[Prediction]:
    assert isinstance(colorizer, SequenceColorizer)
    first = next(frames, None)
    if first is None:
        return
    name, chosen = type(colorizer).__name__, seeded(colorizer, options, first[1])
    stated = colorizer.capabilities
    told = taken(name, stated, first[1]).without(HINTS)
    held: deque[tuple[Picture, Tensor]] = deque()

    def grays() -> Iterator[Tensor]:
        for picture, _ in chain([first], frames):
            gray = resized(to_tensor(picture.gray), given_size(colorizer, picture)).to(device_of(colorizer))
            held.append((picture, gray))
            yield gray.clone()

    colored = iter(inference_copy(colorizer).colorize_sequence(grays(), chosen, told))
    while True:
        with isolated(name), torch.inference_mode():
            answer = next(colored, None)
            keeps_luma = colorizer.keeps_luma_for(chosen)
        if answer is None:
            break
        if not held:
            raise PluginError(f"{name}.colorize_sequence returned more frames than it was given")
        picture, gray = held.popleft()
        expected = (1, chosen.samples, 3, *gray.shape[-2:])
        rgb = check_output(answer, expected, gray.device, name)[0]
        guide = gray if gray.shape[-2:] != picture.size else None
        takes = stated.model_copy(update={"takes": stated.takes - HINTS})
        yield Prediction(picture, rgb, guide, keeps_luma, takes)
    if held:
        raise PluginError(f"{name}.colorize_sequence returned fewer frames than it was given")
