"""Interfaces and engines of the zoo: everything a plugin imports, resolved on first use."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from colorzoo.core.hooks import Entry, hookimpl

if TYPE_CHECKING:
    from colorzoo.core.colorizer import Colorizer, Exam
    from colorzoo.core.config import ColorizerConfig, RunOptions
    from colorzoo.core.dataset import Dataset, Sample
    from colorzoo.core.errors import ColorzooError
    from colorzoo.core.metric import Curve, Metric, MetricResult
    from colorzoo.core.stage import Batch, Stage, StageConfig, Trainable

_HOME = {
    "Batch": "stage",
    "Colorizer": "colorizer",
    "ColorizerConfig": "config",
    "ColorzooError": "errors",
    "Curve": "metric",
    "Dataset": "dataset",
    "Exam": "colorizer",
    "Metric": "metric",
    "MetricResult": "metric",
    "RunOptions": "config",
    "Sample": "dataset",
    "Stage": "stage",
    "StageConfig": "stage",
    "Trainable": "stage",
}

__all__ = [
    "Batch",
    "Colorizer",
    "ColorizerConfig",
    "ColorzooError",
    "Curve",
    "Dataset",
    "Entry",
    "Exam",
    "Metric",
    "MetricResult",
    "RunOptions",
    "Sample",
    "Stage",
    "StageConfig",
    "Trainable",
    "hookimpl",
]


def __getattr__(name: str) -> Any:
    """Import the module that holds the name: registration must load neither torch nor pydantic."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
