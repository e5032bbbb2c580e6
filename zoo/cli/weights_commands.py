"""`colorzoo weights`: what is embedded and cached, and whether it is still what it was."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from colorzoo.cli import tables
from colorzoo.cli.options import Json
from colorzoo.core.config import from_preset
from colorzoo.core.errors import ColorzooError, UnknownNameError, WeightsError, printable
from colorzoo.core.registry import registry

NAME = Annotated[
    str, typer.Argument(help="PLUGIN:NAME, owner/name[@commit], or a folder", metavar="WEIGHTS")
]


class LocalWeights(NamedTuple):
    """Weights on this machine: how they are called, where they are, and where they came from."""

    name: str
    folder: Path
    origin: str


def local_weights() -> list[LocalWeights]:
    """Return the weights of the catalogue that are in packages, and those pulled from the Hub."""
    from colorzoo.hub import catalog
    from colorzoo.hub.pull import cached

    embedded = [
        LocalWeights(f"{entry.plugin}:{entry.name}", package / entry.folder, "embedded")
        for entry, package in catalog.known()
        if entry.folder
    ]
    return embedded + [
        LocalWeights(f"{pulled.repo}@{pulled.commit[:12]}", pulled.folder, "Hub") for pulled in cached()
    ]


def list_(as_json: Json = False) -> None:
    """List embedded and cached weights with sizes, hashes and licences."""

    rows, damaged = [], []
    for weights in local_weights():
        try:
            rows.append(_row(weights))
        except (ColorzooError, OSError) as error:
            damaged.append(f"{weights.name}: {printable(str(error))}")
    tables.show(rows, as_json)
    for line in damaged:
        typer.echo(line, err=True)
    if damaged:
        raise typer.Exit(1)


def _row(weights: LocalWeights) -> dict[str, object]:
    from colorzoo.core.weights.folder import TENSORS, read_info
    from colorzoo.hub.card import with_stated_license

    info = with_stated_license(read_info(weights.folder))
    return {
        "weights": weights.name,
        "plugin": info.plugin,
        "MB": round((weights.folder / TENSORS).stat().st_size / 1e6, 1),
        "sha256": printable(info.sha256[:16]),
        "license": printable(info.license, 60),
        "from": weights.origin,
    }


def show(name: NAME) -> None:
    """Say what weights are."""
    from colorzoo.cli.hub_commands import description
    from colorzoo.core.weights.folder import read_info
    from colorzoo.hub.card import with_stated_license

    folder = _folder(name)
    typer.echo("\n".join([f"folder: {folder}", *description(with_stated_license(read_info(folder)))]))


def verify(
    name: Annotated[str | None, typer.Argument(help="as in show [default: all]", metavar="WEIGHTS")] = None,
) -> None:
    """Compute every hash anew and load the weights strictly; what is wrong is named."""
    from colorzoo.core.weights import folder as store

    chosen = [LocalWeights(name, _folder(name), "")] if name else local_weights()
    wrong = []
    for weights in chosen:
        try:
            _check_digests(weights.folder)
            info = store.read_info(weights.folder)
            colorizer_class = registry().find("colorizer", info.plugin).load()
            store.load(weights.folder, colorizer_class, info.plugin)
            typer.echo(f"{weights.name}: as it should be")
        except ColorzooError as error:
            wrong.append(weights.name)
            typer.echo(f"{weights.name}: {printable(str(error))}", err=True)
    if wrong:
        raise typer.Exit(1)


def remove(name: Annotated[str, typer.Argument(help="owner/name[@commit]", metavar="WEIGHTS")]) -> None:
    """Delete weights that were pulled from the Hub."""
    from colorzoo.hub.pull import cached
    from colorzoo.hub.pull import remove as delete

    repo, _, commit = name.partition("@")
    chosen = [pulled for pulled in cached() if pulled.repo == repo and pulled.commit.startswith(commit)]
    if not chosen:
        names = [f"{pulled.repo}@{pulled.commit}" for pulled in cached()]
        raise UnknownNameError("pulled weights", name, names)
    for pulled in chosen:
        typer.echo(f"{pulled.repo}@{pulled.commit[:12]}: {delete(pulled) / 1e6:.1f} MB freed")


def _folder(name: str) -> Path:
    from colorzoo.hub import catalog

    plugin, colon, weights = name.partition(":")
    if colon and "/" not in plugin:
        folder = catalog.find(plugin, weights)
        assert folder is not None  # named weights are found, or it raises
        return folder
    if Path(name).is_dir():
        return Path(name)
    repo, _, commit = name.partition("@")
    known = local_weights()
    for local in known:
        if local.origin == "Hub" and local.name.startswith(f"{repo}@{commit[:12]}"):
            return local.folder
    raise UnknownNameError("weights", name, [local.name for local in known])


def _check_digests(folder: Path) -> None:
    """Compare pulled files with the digests that their commit had."""
    from colorzoo.hub.pull import cached

    for pulled in cached():
        if pulled.folder == folder:
            pulled.verify()


def new(
    plugin: Annotated[
        str, typer.Argument(help="colorizer that defines no training, see `colorzoo plugins`")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="folder to write")],
    preset: Annotated[str, typer.Option(help="preset of the configuration")] = "default",
    pairs: Annotated[list[str] | None, typer.Option("--set", help="key=value of the configuration")] = None,
) -> None:
    """Write a weights folder for a colorizer that defines no training: one without weights, or pretrained.

    `run --weights`, `compare PLUGIN:FOLDER` and `push` take it as any other.
    """
    from colorzoo.core.interfaces.stage import Trainable
    from colorzoo.core.weights.folder import CONFIG
    from colorzoo.hub.push import save_pretrained

    colorizer_class = registry().find("colorizer", plugin).load()
    colorizer = colorizer_class(from_preset(colorizer_class.Config, preset, pairs or []))
    if isinstance(colorizer, Trainable):
        raise WeightsError(f"{plugin} has to be trained: colorzoo train {plugin} --data ... -o {out}")
    if (out / CONFIG).exists():
        raise WeightsError(f"{out}: holds weights already; choose another -o folder")
    save_pretrained(colorizer, out)
    print(f"{out}\n\n  colorzoo run {plugin} photo.jpg --weights {out}")
