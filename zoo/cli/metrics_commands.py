"""`colorzoo metrics`: what can be measured, and what a number means."""

from __future__ import annotations

import inspect
import json
from typing import Annotated

import typer

from colorzoo.cli import tables
from colorzoo.cli.options import Json
from colorzoo.core.registry import registry


def list_(as_json: Json = False) -> None:
    """List the metrics with the distribution that brings them."""

    rows = [
        {"name": name, "summary": item.entry.summary, "distribution": item.distribution}
        for name, item in sorted(registry().entries["metric"].items())
    ]
    tables.show(rows, as_json)


def show(name: Annotated[str, typer.Argument(help="name of a metric")], as_json: Json = False) -> None:
    """Explain a metric: definition, source, unit, and which way is better."""
    from colorzoo.core.interfaces.metric import PerImageMetric

    item = registry().find("metric", name)
    metric_class = item.load()
    description = {
        "name": name,
        "better": "higher" if metric_class.higher_is_better else "lower",
        "unit": getattr(metric_class, "unit", ""),
        "one value": "a picture" if issubclass(metric_class, PerImageMetric) else "a set",
        "distribution": f"{item.distribution} {item.version}".strip(),
        "definition": inspect.getdoc(metric_class) or item.entry.summary,
    }
    if as_json:
        print(json.dumps(description, indent=2))
        return
    for key in ("better", "unit", "one value", "distribution"):
        print(f"{key}: {description[key]}")
    print(f"\n{description['definition']}")
