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
    """List colorizers, datasets, metrics and containers with the distribution that brings them."""

    plugins = registry()
    rows = [
        {
            "kind": kind,
            "name": name,
            "summary": item.entry.summary,
            "distribution": f"{item.distribution} {item.version}".strip(),
            "origin": origin(item.distribution),
            "health": "ok",
        }
        for kind, entries in plugins.entries.items()
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
        for failure in plugins.failures
    ]
    tables.show(rows, as_json)


def show(
    name: Annotated[str, typer.Argument(help="name of a colorizer, dataset, metric or container")],
    as_json: Json = False,
) -> None:
    """Show what a plugin takes: options, configuration, presets, weights; splits; or what it measures."""

    plugins = registry()
    kinds = [kind for kind in KINDS if name in plugins.entries[kind]]
    if not kinds:
        raise UnknownNameError("plugin", name, [known for kind in KINDS for known in plugins.names(kind)])
    descriptions = [_description(plugins.find(kind, name)) for kind in kinds]
    if as_json:
        print(json.dumps(descriptions[0] if len(kinds) == 1 else descriptions, indent=2, default=str))
        return
    for description in descriptions:
        _print(description)


def _description(item: RegisteredPlugin) -> dict[str, Any]:
    """Return what is known of one registered class."""

    plugin_class = item.load()
    attributes: dict[str, Any] = {
        "name": item.entry.name,
        "kind": item.kind,
        "summary": item.entry.summary,
        "distribution": f"{item.distribution} {item.version}".strip(),
        "origin": origin(item.distribution),
        "license": _license(item.distribution),
        "target": item.entry.target,
        "about": inspect.getdoc(plugin_class) or "",
    }
    return attributes | OF_KIND[item.kind](item.entry.name, plugin_class)


def _license(distribution: str) -> str:
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        fields = metadata(distribution).json
    except PackageNotFoundError:
        return "unknown"
    return str(fields.get("license_expression") or fields.get("license") or "unknown")


def _of_colorizer(name: str, plugin_class: type[Any]) -> dict[str, Any]:
    from colorzoo.core.config import fields_of  # loads pydantic, which a listing does without
    from colorzoo.hub import catalog

    to_pull = [
        {"name": entry.name, "summary": entry.summary, "license": entry.license, "from": entry.source}
        for entry, _ in catalog.known(name)
        if not entry.folder
    ]
    return {
        "deterministic": plugin_class.deterministic,
        "network": plugin_class.capabilities.network,
        "trainable": hasattr(plugin_class, "stages"),
        "presets": list(plugin_class.Config.presets),
        "options": fields_of(plugin_class.Options),
        "config": fields_of(plugin_class.Config),
        "weights": [info.model_dump(mode="json", exclude={"config"}) for info in catalog.infos(name)],
        **({"weights to pull": to_pull} if to_pull else {}),
    }


def _of_dataset(name: str, plugin_class: type[Any]) -> dict[str, Any]:
    source = plugin_class.info
    return {
        "splits": list(plugin_class.splits),
        "title": source.title,
        "pictures": source.license,
        "credit": source.credit,
    }


def _of_metric(name: str, plugin_class: type[Any]) -> dict[str, Any]:
    return {
        "better": "higher" if plugin_class.higher_is_better else "lower",
        "samples needed": plugin_class.min_samples,
        "measured by default": plugin_class.default,
    }


def _of_container(name: str, plugin_class: type[Any]) -> dict[str, Any]:
    return {
        "endings": list(registry().find("container", name).entry.suffixes),
        "pictures": "frames of a sequence" if plugin_class.sequence else "pages",
        "written as": plugin_class.written_as,
    }


OF_KIND = {
    "colorizer": _of_colorizer,
    "dataset": _of_dataset,
    "metric": _of_metric,
    "container": _of_container,
}
HEADING = ("license", "name", "kind", "summary", "distribution", "origin", "target", "about")
TABLES = {
    "options": "Run options, set with -O key=value",
    "config": "Configuration, set with --set key=value in train",
    "weights": "Weights, chosen with --weights",
    "weights to pull": "Weights of others, fetched at their first use or by `colorzoo pull PLUGIN:NAME`",
}


def _print(description: dict[str, Any]) -> None:
    print("{kind} {name}: {summary}".format(**description))
    print("{distribution}, {origin}, licence {license}, {target}".format(**description))
    print("\n{about}\n".format(**description))
    for key, value in description.items():
        if key not in (*HEADING, *TABLES) and value != "":
            print(f"{key}: {', '.join(map(str, value)) if isinstance(value, list) else value}")
    for key, title in TABLES.items():
        if key in description:
            print(f"\n{title}")
            rows = description[key]
            short = ("name", "summary", "license")
            tables.show([{k: row[k] for k in short} for row in rows] if key == "weights" else rows, False)
