"""The built-in metrics."""

from __future__ import annotations

from colorzoo.core import Entry, hookimpl


@hookimpl
def register_metrics() -> list[Entry]:
    """Announce the metrics."""
    here = "colorzoo.plugins.metrics.error"
    return [
        Entry("mse255", f"{here}:BestSquaredError", "squared error of the best sample, RGB 0-255"),
        Entry("eob", f"{here}:ErrorOfBest", "mean |difference of ab| of the best sample, in 128ths"),
        Entry("deviation", f"{here}:Deviation", "standard deviation across samples, RGB 0-255"),
        Entry("variance", f"{here}:Variance", "variance across samples, ab in 128ths"),
    ]
