"""Contract tests for plugins: subclass one in your tests and name your plugin.

from colorzoo.testing import ColorizerContract

class TestMine(ColorizerContract):
    plugin = "mine"
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from colorzoo.testing.colorizers import ColorizerContract
    from colorzoo.testing.datasets import DatasetContract
    from colorzoo.testing.metrics import MetricContract
    from colorzoo.testing.pictures import made_picture

_HOME = {
    "ColorizerContract": "colorizers",
    "DatasetContract": "datasets",
    "MetricContract": "metrics",
    "made_picture": "pictures",
}
__all__ = ["ColorizerContract", "DatasetContract", "MetricContract", "made_picture"]


def __getattr__(name: str) -> Any:
    """Resolve the names on first use: pytest loads this package wherever colorzoo is installed."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
