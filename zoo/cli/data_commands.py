"""`colorzoo data`: sources of pictures, what is in them, and how to get them."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from colorzoo import jobs
from colorzoo.cli import tables
from colorzoo.cli.options import Json
from colorzoo.cli.progress import ProgressBars, of_bytes
from colorzoo.core.registry import registry

if TYPE_CHECKING:
    from colorzoo.core.interfaces.dataset import Dataset


def list_(as_json: Json = False) -> None:
    """List the dataset sources."""
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
    rows, dataset = _splits(address)
    if not as_json:
        origin = dataset.info
        lines = [
            origin.title,
            f"licence: {origin.license}",
            f"credit: {origin.credit}" if origin.credit else "",
        ]
        print("\n".join(line for line in lines if line) + "\n")
    tables.show(rows, as_json)


def _splits(address: str) -> tuple[list[dict[str, object]], Dataset]:
    """Return a row for every split, and the last of them; the first look at pictures has a bar."""
    rows: list[dict[str, object]] = []
    with ExitStack() as stack:
        bars = stack.enter_context(ProgressBars())
        bars.opening(f"looking at {address}")
        from colorzoo.core.data.statistics import summary
        from colorzoo.core.interfaces.dataset import watched

        stack.enter_context(watched(bars.report))
        source, location = jobs.datasets.source_of(address)
        for split in source.splits_at(location):
            dataset = jobs.datasets.open_dataset(address, split)
            row = {"split": split, "pictures": len(dataset), **summary(dataset)}
            rows.append({**row, **dataset.notes, "fingerprint": dataset.fingerprint})
    return rows, dataset


def fetch(
    name: Annotated[str, typer.Argument(help="dataset source")],
    archive: Annotated[
        Path | None, typer.Option("--from", help="an archive you downloaded by hand")
    ] = None,
) -> None:
    """Download a dataset once, checked by its hash, into the cache."""
    source = registry().find("dataset", name).load()
    with of_bytes() as bars:
        folder = source.fetch(archive, progress=bars.report(name))
    typer.echo(f"{name}: {folder}")
