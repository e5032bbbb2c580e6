"""`colorzoo pull` and `colorzoo push`: weights from and to the Hugging Face Hub."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from colorzoo.cli.options import Offline
from colorzoo.core.compare.results import read_results
from colorzoo.core.errors import HubError, printable
from colorzoo.core.registry import registry

if TYPE_CHECKING:
    from colorzoo.core.weights.folder import WeightsInfo
    from colorzoo.hub.pull import HubId


def pull(
    name: Annotated[
        str,
        typer.Argument(help="owner/name[@revision], or PLUGIN[:WEIGHTS] of a catalogue", metavar="NAME"),
    ],
    offline: Offline = False,
) -> None:
    """Fetch weights from the Hub, verify them, and say what they are."""
    from colorzoo.jobs.models import parse_model

    if model := parse_model(name):
        _pull_named(*model)
        return
    from colorzoo.api import missing_plugin
    from colorzoo.hub.card import with_stated_license
    from colorzoo.hub.pull import pull as fetch

    pulled = fetch(_parsed(name))
    info = pulled.info
    typer.echo(f"{pulled.repo} at {pulled.commit}, {len(pulled.files)} files verified: {pulled.folder}")
    for line in description(with_stated_license(info)):
        typer.echo(line)
    if info.plugin in registry().names("colorizer"):
        weights = f"{pulled.repo}@{pulled.commit[:40]}"
        typer.echo(f"use them: colorzoo run {info.plugin} PICTURE --weights {weights}")
    else:
        typer.echo(missing_plugin(info), err=True)


def _pull_named(plugin: str, weights: str | None) -> None:
    """Fetch weights that a catalogue names, and say what they are."""
    from colorzoo.core.weights.folder import read_info
    from colorzoo.hub.card import with_stated_license
    from colorzoo.hub.catalog import pull_named

    entry, folder = pull_named(plugin, weights)
    typer.echo(f"{entry.label}: {folder}")
    for line in description(with_stated_license(read_info(folder))):
        typer.echo(line)
    typer.echo(f"use them: colorzoo run {entry.label} PICTURE")


def push(
    folder: Annotated[Path, typer.Argument(help="weights folder, as `colorzoo train` writes it")],
    name: Annotated[str, typer.Argument(help="owner/name on the Hub", metavar="NAME")],
    private: Annotated[bool, typer.Option("--private", help="nobody else may see it")] = False,
    revision: Annotated[str | None, typer.Option(help="branch to commit to [default: main]")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check everything, upload nothing")] = False,
    results: Annotated[
        Path | None, typer.Option(help="results.json of a comparison with these weights, for the card")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="picture for the sample sheet")] = None,
) -> None:
    """Check weights, write their card, and upload both in one commit."""
    from colorzoo.core.imaging.image_io import read
    from colorzoo.hub.pull import HubId
    from colorzoo.hub.push import push as upload

    target = _parsed(f"{name}@{revision}" if revision else name)
    commit = upload(
        folder,
        HubId(target.repo, target.revision),
        private=private,
        dry_run=dry_run,
        results=read_results(results) if results else None,
        picture=read(picture) if picture else None,
    )
    verb = "would upload" if dry_run else "uploaded"
    typer.echo(f"{verb} {', '.join(commit.files)}: {commit.address}")
    if commit.commit:
        typer.echo(f"pin it: {target.repo}@{commit.commit}")


def description(info: WeightsInfo) -> list[str]:
    """Return what weights are, a line each; texts of strangers among them are made fit for a terminal."""
    lines = [
        f"plugin: {info.plugin} {info.distribution and f'({info.distribution})'}".rstrip(),
        f"summary: {info.summary}" if info.summary else "",
        f"licence: {info.license}",
        *_training_lines(info),
        f"adopted from: {info.adopted_from.address}" if info.adopted_from else "",
        f"credit: {info.credit}" if info.credit else "",
        f"sha256: {info.sha256}",
        *(f"measured: {m.name} {m.value:.4g} {m.unit} ({m.protocol})" for m in info.metrics[:8]),
    ]
    return [printable(line) for line in lines if line]


def _training_lines(info: WeightsInfo) -> list[str]:
    trained = info.trained_on
    if trained is None:
        return []
    return [
        f"trained on: {trained.pictures:,} pictures of {trained.dataset}, split {trained.split}",
        f"licence of the pictures: {trained.license}" if trained.license else "",
    ]


def _parsed(text: str) -> HubId:
    from colorzoo.hub.pull import HubId

    name = HubId.parse(text)
    if name is None:
        raise HubError(f"{printable(repr(text))}: expected owner/name, or owner/name@revision")
    return name
