"""`colorzoo plugins check`: does a plugin keep the contract?"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from colorzoo.cli.options import Json
from colorzoo.core.config import parse_pairs
from colorzoo.core.registry import KINDS, registry

MARKS = {"passed": "ok", "failed": "FAILED", "skipped": "-"}


def check(
    name: Annotated[
        str,
        typer.Argument(help="a colorizer, a metric, or a dataset or container with a file: NAME:LOCATION"),
    ],
    preset: Annotated[str, typer.Option(help="preset of a colorizer")] = "default",
    pairs: Annotated[
        list[str] | None, typer.Option("--set", help="key=value of its configuration, to make it small")
    ] = None,
    options: Annotated[
        list[str] | None, typer.Option("-O", help="run option that it cannot do without, key=value")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the contract over an installed plugin; exit status 1 when something does not hold."""
    from colorzoo.testing.suite import check as outcomes_of

    plugins, (name, _, location) = registry(), name.partition(":")
    kinds = [kind for kind in KINDS if name in plugins.entries[kind]]
    if not kinds:
        plugins.find("colorizer", name)  # says what there is
    target = plugins.find("colorizer", name).load() if kinds == ["colorizer"] else None
    fields = {
        "config": parse_pairs(pairs or [], target and target.Config),
        "options": parse_pairs(options or [], target and target.Options),
    }
    results = {
        kind: outcomes_of(kind, name, preset=preset, location=location or None, **fields) for kind in kinds
    }
    if as_json:
        print(
            json.dumps(
                {kind: [asdict(o) for o in outcomes] for kind, outcomes in results.items()}, indent=2
            )
        )
    else:
        for kind, outcomes in results.items():
            item = plugins.find(kind, name)
            print(f"{kind} {name}, of {item.distribution} {item.version}".rstrip())
            for outcome in outcomes:
                reason = f": {outcome.reason}" if outcome.reason else ""
                print(f"  {MARKS[outcome.result]:6}  {outcome.what}{reason}")
    everything = [outcome.result for outcomes in results.values() for outcome in outcomes]
    failed = everything.count("failed")
    if not as_json:
        passed, skipped = everything.count("passed"), everything.count("skipped")
        print(f"{passed} hold, {failed} do not, {skipped} do not apply")
    raise typer.Exit(1 if failed or not everything else 0)
