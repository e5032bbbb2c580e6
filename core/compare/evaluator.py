"""Colours pictures with every compared method, one by one, and measures the results."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from colorzoo.core import devices
from colorzoo.core.compare.measurements import Measurement
from colorzoo.core.compare.method import ComparedMethod
from colorzoo.core.compare.readable import pack_readable
from colorzoo.core.compare.task import Task as Task
from colorzoo.core.data.packed import Packed
from colorzoo.core.errors import ColorzooError, PluginError
from colorzoo.core.imaging.image_io import Picture, Pixels, resize, square
from colorzoo.core.inference.colorize import colorize
from colorzoo.core.inference.prediction import NOTHING
from colorzoo.core.inference.sequence import predict_sequence
from colorzoo.core.interfaces.colorizer import Colorizer, EvaluationContext
from colorzoo.core.interfaces.dataset import Sample
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.core.interfaces.pair import Pair
from colorzoo.core.interfaces.sequence_colorizer import SequenceColorizer


class Frame(NamedTuple):
    """A fitted picture of a sequence, its id, and what every method is told of it."""

    name: str
    picture: Picture
    guidance: Guidance


class Evaluator:
    """One process at work on a task; every picture is coloured alone, whatever else is compared."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.context = EvaluationContext(train=self._train, truth=self._truth)
        self._packed: dict[int, Packed] = {}
        self._built: dict[str, Colorizer] = {}
        self._shown: Picture | None = None
        self._guidance: tuple[str, Guidance] = ("", NOTHING)

    def measure(self, index: int, requested: Mapping[int, Sequence[str]]) -> list[tuple[int, Measurement]]:
        """Return (index of the method, row) pairs of a picture; requested: names of metrics by method.

        Raises:
            PluginError: a metric fails.
        """
        try:
            sample = self.task.dataset[index]
            picture = self.fitted(sample)
            guidance = self.guidance(sample.id, picture)
        except Exception as error:  # a source may raise anything for a damaged picture
            return [(method_index, Measurement(unreadable=reason(error))) for method_index in requested]
        own = tensor([picture])
        truth = Pair(own, own[:, 0], ids=(sample.id,), guidance=(guidance,))
        return [
            (index, self._row(self.task.methods[index], sample.id, picture, truth, metrics))
            for index, metrics in requested.items()
        ]

    def colorings(self, method: ComparedMethod, name: str, picture: Picture) -> list[Picture]:
        """Return the samples of a fitted picture; a single one of a deterministic colorizer."""
        colorizer = self.colorizer(method)
        protocol = self.task.protocol
        samples = 1 if colorizer.deterministic else protocol.samples
        self._shown = picture
        options = {**method.options, "samples": samples, "seed": seed_of(protocol.seed, name)}
        guidance = NOTHING if colorizer.informed else self.guidance(name, picture)
        return colorize(colorizer, picture, options, guidance)

    def sequence(self, method: ComparedMethod, frames: Sequence[Frame]) -> Iterator[Picture]:
        """Yield one colouring of each picture of a sequence, of one seed, that of its first picture.

        A SequenceColorizer sees the pictures in their order, any other each by itself.
        """
        colorizer, seed = self.colorizer(method), seed_of(self.task.protocol.seed, frames[0].name)
        options = {**method.options, "samples": 1, "seed": seed}
        told = [NOTHING if colorizer.informed else frame.guidance for frame in frames]
        pictures = [frame.picture for frame in frames]
        if isinstance(colorizer, SequenceColorizer):
            predicted = predict_sequence(colorizer, zip(pictures, told, strict=True), options)
            for prediction, guidance in zip(predicted, told, strict=True):
                yield next(prediction.pictures(guidance))
            return
        for picture, guidance in zip(pictures, told, strict=True):
            self._shown = picture
            yield colorize(colorizer, picture, options, guidance)[0]

    def guidance(self, name: str, picture: Picture) -> Guidance:
        """Return what every method is told of a fitted picture; that of the last one is kept."""
        if self.task.informed_by and self._guidance[0] != name:
            index = self.task.indices[name]
            self._guidance = name, self._said(index, picture).joined(self._simulated(index, name, picture))
        return self._guidance[1]

    def _said(self, index: int, picture: Picture) -> Guidance:
        """Return what the dataset says of a fitted picture; true hints take the place of its own."""
        task, protocol = self.task, self.task.protocol
        told = task.dataset.guidance(index) if task.said.words else NOTHING
        if task.simulation.hints:
            told = told.without(frozenset({"hints"}))
        if not told.hints:
            return told
        size = task.dataset.load_at_least(index, 1).size
        if protocol.side and protocol.fit != "keep":
            return told.in_square(size, protocol.side, protocol.fit)
        return told.in_pixels(size, (picture.gray.shape[0], picture.gray.shape[1]))

    def _simulated(self, index: int, name: str, picture: Picture) -> Guidance:
        task = self.task
        if not task.simulation.words:
            return NOTHING
        following = task.following.get(index)
        reference = Picture(task.dataset[following].image) if following is not None else None
        seed = seed_of(task.protocol.seed, name)
        return task.simulation.guidance(picture, seed, reference)

    def fitted(self, sample: Sample) -> Picture:
        """Return a picture at the side and fit of the protocol."""
        side, fit = self.task.protocol.side, self.task.protocol.fit
        image: Pixels = sample.image
        if side and fit != "keep":
            return Picture(square(image, side, fit))
        height, width = image.shape[:2]
        scale = side / max(height, width) if side else 1.0
        if scale >= 1:
            return Picture(image)
        return Picture(resize(image, max(1, round(width * scale)), max(1, round(height * scale))))

    def colorizer(self, method: ComparedMethod) -> Colorizer:
        """Return the method's colorizer, built on first use."""
        if method.label not in self._built:
            device = devices.resolve(self.task.device)
            self._built[method.label] = method.build(self.context, device)
        return self._built[method.label]

    def _row(
        self, method: ComparedMethod, name: str, picture: Picture, truth: Pair, metrics: Sequence[str]
    ) -> Measurement:
        new = method.label not in self._built
        try:
            if new:
                self.colorings(method, name, picture)  # the first one is slower: it does not count
            start = time.perf_counter()
            colored = self.colorings(method, name, picture)
            milliseconds = 1000 * (time.perf_counter() - start)
        except Exception as error:  # a plugin may raise anything; the others go on
            return Measurement(failure=reason(error))
        pair = truth.beside(tensor(colored))
        keys = self.task.metric_keys
        states = {keys[metric]: self._state(metric, name, pair) for metric in metrics}
        return Measurement(milliseconds=milliseconds, states=states)

    def _state(self, metric: str, name: str, pair: Pair) -> dict[str, object]:
        measured = self.task.metrics[metric]()
        try:
            measured.update_pair(pair)
        except Exception as error:
            raise PluginError(f"metric {metric!r} failed on {name}: {reason(error)}") from error
        return measured.state()

    def _train(self, size: int) -> Packed:
        if size not in self._packed:
            self._packed[size] = pack_readable(self.task.train, size)
        return self._packed[size]

    def _truth(self, gray: Tensor) -> Tensor:
        """Return the true colours (3, H, W) of the picture that is being coloured, and of no other."""
        shown = self._shown
        if shown is None or gray.shape[-2:] != shown.size:
            raise PluginError("the truth is told of whole pictures that are being compared, no others")
        return tensor([shown])[0, 0].to(gray.device)


def tensor(pictures: Sequence[Picture]) -> Tensor:
    """Return pictures of one size as sRGB (1, K, 3, H, W) in [0, 1]."""
    stacked = np.stack([picture.rgb for picture in pictures])
    return torch.from_numpy(stacked).permute(0, 3, 1, 2).float().div_(255)[None]


def seed_of(seed: int, picture: str) -> int:
    """Return the seed of a picture: the same for every method, whatever else is compared."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{picture}".encode()).digest()[:7], "big")


def reason(error: Exception) -> str:
    """Return an exception as one line."""
    text = " ".join(str(error).split())
    return text if isinstance(error, ColorzooError) else f"{type(error).__name__}: {text}"
