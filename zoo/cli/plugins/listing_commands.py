"""`colorzoo plugins list|show`: what is installed, and what one plugin takes."""

from __future__ import annotations

import inspect
import json
from typing import Annotated, Any

import typer

from colorzoo.cli import tables
from colorzoo.cli.options import Json
from colorzoo.core.distributions import origin
from colorzoo.core.errors import UnknownNameError
from colorzoo.core.registry import KINDS, RegisteredPlugin, registry


def list_(as_json: Json = False) -> None:
    """List colorizers, datasets and metrics with the distribution that brings them."""

    found = registry()
    rows = [
        {
            "kind": kind,
            "name": name,
            "summary": item.entry.summary,
            "distribution": f"{item.distribution} {item.version}".strip(),
            "origin": origin(item.distribution),
            "health": "ok",
        }
        for kind, entries in found.entries.items()
        for name, item in sorted(entries.items())
    ]
    rows += [
        {
            "kind": "plugin",
            "name": failure.name,
            "summary": "",
            "distribution": f"{failure.distribution} {failure.version}".strip(),
            "origin": origin(failure.distribution),
            "health": f"left out: {failure.reason}",
        }
        for failure in found.failures
    ]
    tables.show(rows, as_json)


def show(
    name: Annotated[str, typer.Argument(help="name of a colorizer, dataset or metric")],
    as_json: Json = False,
) -> None:
    """Show what a plugin takes: options, configuration, presets, weights; splits; or what it measures."""

    found = registry()
    kinds = [kind for kind in KINDS if name in found.entries[kind]]
    if not kinds:
        everything = [known for kind in KINDS for known in found.names(kind)]
        raise UnknownNameError("plugin", name, everything)
    shown = [_facts(found.find(kind, name)) for kind in kinds]
    if as_json:
        print(json.dumps(shown[0] if len(shown) == 1 else shown, indent=2, default=str))
        return
    for facts in shown:
        _print(facts)


def _facts(item: RegisteredPlugin) -> dict[str, Any]:
    """Return what is known of one registered class."""

    kind = item.load()
    facts: dict[str, Any] = {
        "name": item.entry.name,
        "kind": item.kind,
        "summary": item.entry.summary,
        "distribution": f"{item.distribution} {item.version}".strip(),
        "origin": origin(item.distribution),
        "license": _licence(item.distribution),
        "target": item.entry.target,
        "about": inspect.getdoc(kind) or "",
    }
    return facts | OF_KIND[item.kind](item.entry.name, kind)


def _licence(distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        found = metadata(distribution).json
    except PackageNotFoundError:
        return "unknown"
    return str(found.get("license_expression") or found.get("license") or "unknown")


def _of_colorizer(name: str, kind: type[Any]) -> dict[str, Any]:
    from colorzoo.core.config import fields_of  # loads pydantic, which a listing does without
    from colorzoo.hub import catalog

    return {
        "deterministic": kind.deterministic,
        "trainable": hasattr(kind, "stages"),
        "presets": list(kind.Config.presets),
        "options": fields_of(kind.Options),
        "config": fields_of(kind.Config),
        "weights": [info.model_dump(mode="json", exclude={"config"}) for info in catalog.infos(name)],
    }


def _of_dataset(name: str, kind: type[Any]) -> dict[str, Any]:
    facts = kind.info
    return {
        "splits": list(kind.splits),
        "title": facts.title,
        "pictures": facts.license,
        "credit": facts.credit,
    }


def _of_metric(name: str, kind: type[Any]) -> dict[str, Any]:
    return {
        "better": "higher" if kind.higher_is_better else "lower",
        "samples needed": kind.min_samples,
        "measured by default": kind.default,
    }


OF_KIND = {"colorizer": _of_colorizer, "dataset": _of_dataset, "metric": _of_metric}
TABLES = {
    "options": "Run options, set with -O key=value",
    "config": "Configuration, set with --set key=value in train",
    "weights": "Weights, chosen with --weights",
}


def _print(facts: dict[str, Any]) -> None:
    print(f"{facts['kind']} {facts['name']}: {facts['summary']}")
    print(f"{facts['distribution']}, {facts['origin']}, licence {facts['license']}, {facts['target']}")
    print(f"\n{facts['about']}\n")
    told = ("license", "name", "kind", "summary", "distribution", "origin", "target", "about", *TABLES)
    for key, value in facts.items():
        if key not in told and value != "":
            print(f"{key}: {', '.join(map(str, value)) if isinstance(value, list) else value}")
    for key, title in TABLES.items():
        if key in facts:
            print(f"\n{title}")
            rows = facts[key]
            short = ("name", "summary", "license")
            tables.show([{k: row[k] for k in short} for row in rows] if key == "weights" else rows, False)
