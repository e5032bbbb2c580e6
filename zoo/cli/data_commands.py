"""`colorzoo data`: sources of pictures, what is in them, and how to get them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from colorzoo.cli import tables
from colorzoo.cli.options import Json


def list_(as_json: Json = False) -> None:
    """List the dataset sources."""
    from colorzoo.core.registry import registry

    rows = [
        {"name": name, "summary": item.entry.summary, "distribution": item.distribution}
        for name, item in sorted(registry().entries["dataset"].items())
    ]
    tables.show(rows, as_json)


def info(
    address: Annotated[str, typer.Argument(help="NAME, NAME:LOCATION, a folder or an archive")],
    as_json: Json = False,
) -> None:
    """Show what is in every split: pictures, sizes, colour, fingerprint; and the licence."""
    from colorzoo.core.data.statistics import summary
    from colorzoo.jobs.datasets import open_dataset, source_of

    kind, location = source_of(address)
    rows = []
    for split in kind.splits_at(location):
        dataset = open_dataset(address, split)
        row = {"split": split, "pictures": len(dataset), **summary(dataset)}
        rows.append({**row, **dataset.notes, "fingerprint": dataset.fingerprint})
    if not as_json:
        facts = dataset.info
        lines = [
            facts.title,
            f"licence: {facts.license}",
            f"credit: {facts.credit}" if facts.credit else "",
        ]
        print("\n".join(line for line in lines if line) + "\n")
    tables.show(rows, as_json)


def fetch(
    name: Annotated[str, typer.Argument(help="dataset source")],
    archive: Annotated[
        Path | None, typer.Option("--from", help="an archive you downloaded by hand")
    ] = None,
) -> None:
    """Download a dataset once, checked by its hash, into the cache."""
    from rich.progress import DownloadColumn, Progress

    from colorzoo.core.registry import registry

    kind = registry().find("dataset", name).load()
    with Progress(*Progress.get_default_columns(), DownloadColumn()) as bars:
        task = bars.add_task(name, total=None)
        folder = kind.fetch(
            archive, progress=lambda done, total: bars.update(task, completed=done, total=total)
        )
    typer.echo(f"{name}: {folder}")
