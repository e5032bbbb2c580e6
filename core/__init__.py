"""Interfaces and engines of the zoo: everything a plugin imports, resolved on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from colorzoo.core.hooks import Entry, hookimpl

if TYPE_CHECKING:
    from colorzoo.core import color
    from colorzoo.core.colorizer import Colorizer, Exam
    from colorzoo.core.config import ColorizerConfig, RunOptions
    from colorzoo.core.dataset import (
        Dataset,
        FileDataset,
        Sample,
        SourceInfo,
        check_split,
        picture_files,
        share,
    )
    from colorzoo.core.errors import ColorzooError, DataError
    from colorzoo.core.metric import Curve, Metric, MetricResult, PerImageMetric
    from colorzoo.core.stage import Batch, Stage, StageConfig, Trainable

_HOME = {
    "Batch": "stage",
    "Colorizer": "colorizer",
    "ColorizerConfig": "config",
    "ColorzooError": "errors",
    "Curve": "metric",
    "DataError": "errors",
    "Dataset": "dataset",
    "Exam": "colorizer",
    "FileDataset": "dataset",
    "Metric": "metric",
    "MetricResult": "metric",
    "PerImageMetric": "metric",
    "RunOptions": "config",
    "Sample": "dataset",
    "SourceInfo": "dataset",
    "Stage": "stage",
    "StageConfig": "stage",
    "Trainable": "stage",
    "check_split": "dataset",
    "color": "color",
    "picture_files": "dataset",
    "share": "dataset",
}

__all__ = [
    "Batch",
    "Colorizer",
    "ColorizerConfig",
    "ColorzooError",
    "Curve",
    "DataError",
    "Dataset",
    "Entry",
    "Exam",
    "FileDataset",
    "Metric",
    "MetricResult",
    "PerImageMetric",
    "RunOptions",
    "Sample",
    "SourceInfo",
    "Stage",
    "StageConfig",
    "Trainable",
    "check_split",
    "color",
    "hookimpl",
    "picture_files",
    "share",
]


def __getattr__(name: str) -> Any:
    """Import the module that holds the name: registration must load neither torch nor pydantic."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(f"{__name__}.{_HOME[name]}")
    return module if name == _HOME[name] else getattr(module, name)
