"""`colorzoo weights`: what is embedded and cached, and whether it is still what it was."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from colorzoo.cli import tables
from colorzoo.cli.options import Json
from colorzoo.cli.progress import ProgressBars
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
    """Return the weights that are in packages or adopted from catalogues, and those pulled from the Hub."""
    from colorzoo.hub import catalog
    from colorzoo.hub.pull import cached

    named = [
        LocalWeights(entry.label, folder, entry.source or "embedded")
        for entry, package in catalog.known()
        if entry.folder or entry.is_published
        if (folder := catalog.local_folder(entry, package))
    ]
    return named + [
        LocalWeights(f"{pulled.repo}@{pulled.commit[:12]}", pulled.folder, "Hub") for pulled in cached()
    ]


def list_(as_json: Json = False) -> None:
    """List weights that are here, and those to pull that catalogues name: sizes, hashes, licences."""

    rows, damaged = [], []
    for weights in local_weights():
        try:
            rows.append(_row(weights))
        except (ColorzooError, OSError) as error:
            damaged.append(f"{weights.name}: {printable(str(error))}")
    tables.show(rows + _available(), as_json)
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


def _available() -> list[dict[str, object]]:
    """Return a row for what catalogues name that is not on this machine."""
    from colorzoo.hub import catalog

    return [
        {
            "weights": entry.label,
            "plugin": entry.plugin,
            "MB": round(entry.size / 1e6, 1) if entry.size else None,
            "sha256": entry.expected_sha256[:16],
            "license": printable(entry.license, 60),
            "from": f"to pull: {entry.source}",
        }
        for entry, package in catalog.known()
        if catalog.local_folder(entry, package) is None
    ]


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


def remove(
    name: Annotated[
        str, typer.Argument(help="owner/name[@commit], or PLUGIN:NAME of adopted ones", metavar="WEIGHTS")
    ],
) -> None:
    """Delete weights that were pulled from the Hub or adopted."""
    from colorzoo.hub import adopted_weights, catalog
    from colorzoo.hub.pull import cached
    from colorzoo.hub.pull import remove as delete

    for entry, package in catalog.known():
        if entry.label == name and entry.is_published and catalog.local_folder(entry, package):
            typer.echo(f"{name}: {adopted_weights.remove(entry) / 1e6:.1f} MB freed")
            return
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


def convert(
    plugin: Annotated[str, typer.Argument(help="colorizer that adopts it, see `colorzoo plugins`")],
    source: Annotated[
        str,
        typer.Argument(help="published file, or owner/name[@revision][:file] on the Hub", metavar="FILE"),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="folder to write")],
    license: Annotated[str, typer.Option(help="licence that the weights were published under")],
    credit: Annotated[str, typer.Option(help="who made them, for the card")],
    url: Annotated[str, typer.Option(help="where a file of this machine came from")] = "",
    preset: Annotated[str, typer.Option(help="preset of the configuration")] = "default",
    pairs: Annotated[list[str] | None, typer.Option("--set", help="key=value of the configuration")] = None,
) -> None:
    """Make a weights folder of a file that others published: safetensors, or a checkpoint of torch.

    A checkpoint is looked through first, and refused if it would call anything; then a process of its own
    reads its tensors. `run --weights`, `compare PLUGIN:FOLDER` and `push` take the folder as any other.
    """
    from colorzoo.hub.adopted_weights import convert as adopt
    from colorzoo.hub.adopted_weights import new_info
    from colorzoo.hub.published_file import fetch

    colorizer_class = registry().find("colorizer", plugin).load()
    config = from_preset(colorizer_class.Config, preset, pairs or [])
    with ProgressBars() as bars:
        bars.opening(f"adopting {printable(source)} for {plugin}")
        fetched = fetch(source, url)
        adopt(fetched, out, config, new_info(plugin, license, credit))
    typer.echo(f"{out}: of {printable(fetched.address)}, sha256 {fetched.sha256}")
    typer.echo(f"\n  colorzoo run {plugin} photo.jpg --weights {out}")
