"""`colorzoo doctor`: what is installed, and what is wrong with it."""

from __future__ import annotations

import typer

from colorzoo.cli.options import Json, Offline
from colorzoo.core.registry import registry


def doctor(
    offline: Offline = False,
    as_json: Json = False,
) -> None:
    """Explain the installation: versions, devices, plugins and their errors, caches, the Hub.

    Exit status 1 when a plugin does not work.
    """
    from colorzoo.doctor import diagnose

    report = diagnose(registry(), offline=offline)
    if as_json:
        print(report.model_dump_json(indent=2))
        raise typer.Exit(0 if report.healthy else 1)
    for title, lines in (
        ("Versions", report.versions), ("Machine", report.machine), ("Extras", report.extras),
        ("Caches", report.caches), ("Hub", {"": report.hub}),
    ):  # fmt: skip
        print(title)
        for name, text in lines.items():
            print(f"  {name:16}  {text}" if name else f"  {text}")
    print("Plugins")
    for plugin in report.plugins:
        mark = "FAILED" if plugin.problems else "ok"
        print(f"  {mark:6}  {plugin.distribution} {plugin.version}, {plugin.origin}")
        for kind, names in plugin.brings.items():
            print(f"          {kind}s: {', '.join(names)}")
        for problem in [*plugin.problems, *plugin.notes]:
            print(f"          {problem}")
    raise typer.Exit(0 if report.healthy else 1)
