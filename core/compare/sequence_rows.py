"""Sequences of a comparison: coloured in their order, and measured as wholes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from colorzoo.core.compare.evaluator import Evaluator, Frame, reason
from colorzoo.core.compare.measurements import Measurement
from colorzoo.core.compare.method import ComparedMethod
from colorzoo.core.errors import PluginError
from colorzoo.core.imaging.image_io import Picture
from colorzoo.core.interfaces.sequence_metric import PairSequence, SequenceMetric


def measure_sequence(
    evaluator: Evaluator, sequence: Sequence[int], requested: Mapping[int, Sequence[str]]
) -> list[tuple[int, Measurement]]:
    """Return (index of the method, row) pairs of a sequence; requested: names of metrics by method.

    Raises:
        PluginError: a metric fails.
    """
    try:
        frames = list(_frames(evaluator, sequence))
    except Exception as error:  # a source may raise anything for a damaged picture
        return [(method, Measurement(unreadable=reason(error))) for method in requested]
    target = [_planes(frame.picture) for frame in frames]
    truth = PairSequence(target, target, [f.name for f in frames], [f.guidance for f in frames])
    return [
        (index, _row(evaluator, evaluator.task.methods[index], frames, truth, metrics))
        for index, metrics in requested.items()
    ]


def _frames(evaluator: Evaluator, sequence: Sequence[int]) -> Iterator[Frame]:
    for index in sequence:
        sample = evaluator.task.dataset[index]
        picture = evaluator.fitted(sample)
        yield Frame(sample.id, picture, evaluator.guidance(sample.id, picture))


def _row(
    evaluator: Evaluator,
    method: ComparedMethod,
    frames: Sequence[Frame],
    truth: PairSequence,
    metrics: Sequence[str],
) -> Measurement:
    try:
        colored = [_planes(picture) for picture in evaluator.sequence(method, frames)]
    except Exception as error:  # a plugin may raise anything; the others go on
        return Measurement(failure=reason(error))
    pairs, keys = truth.beside(colored), evaluator.task.metric_keys
    return Measurement(states={keys[name]: _state(evaluator, name, pairs) for name in metrics})


def _state(evaluator: Evaluator, name: str, pairs: PairSequence) -> dict[str, object]:
    metric = evaluator.task.metrics[name]()
    assert isinstance(metric, SequenceMetric)
    try:
        metric.update_sequence(pairs)
    except Exception as error:
        where = f"{pairs.ids[0]} and {len(pairs) - 1} after it"
        raise PluginError(f"metric {name!r} failed on {where}: {reason(error)}") from error
    return metric.state()


def _planes(picture: Picture) -> Tensor:
    """Return a picture as uint8 (3, H, W)."""
    return torch.from_numpy(picture.rgb).permute(2, 0, 1)
