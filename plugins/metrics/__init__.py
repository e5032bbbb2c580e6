"""The built-in metrics."""

from __future__ import annotations

from colorzoo.core import Entry, hookimpl


@hookimpl
def register_metrics() -> list[Entry]:
    """Announce the metrics."""
    here = "colorzoo.plugins.metrics"
    return [
        Entry("mse255", f"{here}.error:BestSquaredError", "squared error of the best sample, RGB 0-255"),
        Entry("eob", f"{here}.error:ErrorOfBest", "mean |difference of ab| of the best sample, in 128ths"),
        Entry("deviation", f"{here}.error:Deviation", "standard deviation across samples, RGB 0-255"),
        Entry("variance", f"{here}.error:Variance", "variance across samples, ab in 128ths"),
        Entry("colorfulness", f"{here}.colorfulness:Colorfulness", "strength of colour; 1 is the truth's"),
    ]
