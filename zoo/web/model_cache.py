"""Models and predictions that a process keeps: the least recently used go first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Generic, TypeVar

from torch import Tensor

from colorzoo.core.imaging import color
from colorzoo.core.imaging.image_io import Picture, resize
from colorzoo.core.imaging.picture import to_eight_bits
from colorzoo.core.inference.prediction import Prediction, fitted_size
from colorzoo.core.interfaces.colorizer import Colorizer

Value = TypeVar("Value")
PICTURES = 16
"""Decoded pictures that are kept, for the next thing that is wanted of them."""


class SizedCache(Generic[Value]):
    """Values by key with a number of bytes each; `shrink` drops the oldest ones."""

    def __init__(self) -> None:
        self.values: OrderedDict[object, tuple[Value, int]] = OrderedDict()

    @property
    def bytes(self) -> int:
        """How much is kept."""
        return sum(size for _, size in self.values.values())

    def get(self, key: object) -> Value | None:
        """Return the value of a key, which is the latest then."""
        if key not in self.values:
            return None
        self.values.move_to_end(key)
        return self.values[key][0]

    def put(self, key: object, value: Value, size: int) -> Value:
        """Keep a value."""
        self.values[key] = value, size
        self.values.move_to_end(key)
        return value

    def shrink(self, most: int, least: int = 1) -> None:
        """Drop the oldest until `most` bytes are left, or only `least` values."""
        while len(self.values) > least and self.bytes > most:
            self.values.popitem(last=False)


class ModelCache:
    """What a process keeps within a number of bytes: predictions give way before models do."""

    def __init__(self, limit: int, load: Callable[[str, str | None], Colorizer]) -> None:
        self.limit, self._load = limit, load
        self.models: SizedCache[Colorizer] = SizedCache()
        self.predictions: SizedCache[Prediction] = SizedCache()
        self.pictures: SizedCache[Picture] = SizedCache()

    def model(self, name: str, weights: str | None) -> Colorizer:
        """Return a colorizer, loaded if it is not here."""
        model = self.models.get((name, weights))
        if model is None:
            model = self._load(name, weights)
            self.models.put((name, weights), model, sum(map(_bytes, model.state().values())))
            self.fit()
        return model

    def keep(self, key: str, prediction: Prediction) -> Prediction:
        """Keep a prediction, and what fits beside it."""
        pixels = prediction.picture.pixels.nbytes
        self.predictions.put(key, prediction, _bytes(prediction.rgb.contiguous()) + pixels)
        self.fit()
        return prediction

    def fit(self) -> None:
        """Drop what is too much."""
        self.pictures.shrink(self.limit // 4, least=0)
        rest = self.limit - self.pictures.bytes
        self.predictions.shrink(max(0, rest - self.models.bytes))
        self.models.shrink(max(0, rest - self.predictions.bytes))


def of_sample(prediction: Prediction, sample: int) -> Prediction:
    """Return the prediction of one of its samples."""
    return replace(prediction, rgb=prediction.rgb[sample : sample + 1])


def reduced(prediction: Prediction, side: int | None) -> Prediction:
    """Return the prediction of the picture reduced to a longest side, for a look at it."""
    picture = reduced_picture(prediction.picture, side)
    size = picture.size
    if picture is prediction.picture:
        return prediction
    if prediction.guide is not None and prediction.guide.shape[-2] <= size[0]:
        return replace(prediction, picture=picture)
    return replace(prediction, picture=picture, rgb=color.resize_area(prediction.rgb, size), guide=None)


def reduced_picture(picture: Picture, side: int | None) -> Picture:
    """Return a picture with its longest side at most `side`; itself where it has that."""
    height, width = fitted_size(picture.size, side)
    if (height, width) == picture.size:
        return picture
    alpha = None if picture.alpha is None else resize(to_eight_bits(picture.alpha), width, height)
    return Picture(resize(picture.rgb, width, height), alpha, picture.profile)


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()
