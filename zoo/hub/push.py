"""Weights to the Hub: checked as strictly as those that come from it, then one commit."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from colorzoo.core.compare.results import Method, Results
from colorzoo.core.errors import HubError, WeightsError, printable
from colorzoo.core.files import atomic_write
from colorzoo.core.imaging.contact_sheet import Cell, contact_sheet
from colorzoo.core.imaging.image_io import Picture, Pixels, write
from colorzoo.core.inference.colorize import colorize
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.registry import RegisteredPlugin, registry
from colorzoo.core.weights import folder as store
from colorzoo.core.weights.folder import CARD, CONFIG, TENSORS, Measured, WeightsInfo
from colorzoo.hub.card import card, with_stated_license
from colorzoo.hub.client_errors import hub_errors_in_one_line
from colorzoo.hub.commit_files import METRICS
from colorzoo.hub.pull import COMMIT, HubId

SAMPLES = "samples.jpg"
FILES = (CONFIG, TENSORS, CARD, SAMPLES, METRICS)
"""All that is ever uploaded: no checkpoints, no logs, no data."""
PATIENCE = 120
"""Seconds of silence after which a push is given up."""


@dataclass(frozen=True)
class Pushed:
    """Where the weights are now."""

    address: str
    commit: str
    files: Sequence[str]


def stage(
    folder: Path, out: Path, name: HubId, results: Results | None, picture: Picture | None
) -> WeightsInfo:
    """Write what will be uploaded, after loading it strictly and colouring one picture with it.

    Raises:
        WeightsError: the folder holds none that load, or the results know none of this hash.
    """
    info = with_stated_license(store.read_info(folder))
    cls = registry().find("colorizer", info.plugin).load()
    colorizer = store.load(folder, cls, info.plugin)
    sheet = _samples(colorizer, picture or Picture(_synthetic_picture()))
    if results:
        info = info.model_copy(update={"metrics": [*info.metrics, *measured(results, info)]})
    write(out / SAMPLES, Picture(sheet))
    with atomic_write(out / METRICS) as file:
        rows = [row.model_dump(mode="json") for row in info.metrics]
        file.write((json.dumps(rows, indent=1) + "\n").encode())
    with atomic_write(out / TENSORS) as file:
        file.write((folder / TENSORS).read_bytes())
    with atomic_write(out / CARD) as file:
        file.write(card(info, repo=name.repo, samples=SAMPLES).encode())
    store.write_info(out, info)
    store.load(out, cls, info.plugin)  # what is uploaded is what was checked
    return info


def push(
    folder: Path,
    name: HubId,
    *,
    private: bool = False,
    dry_run: bool = False,
    results: Results | None = None,
    picture: Picture | None = None,
) -> Pushed:
    """Upload a weights folder in one commit; name.revision: a branch to commit to.

    results: of a comparison that these weights took part in, for the card. picture: for the sample sheet.

    Raises:
        WeightsError: the folder holds no weights that load.
        HubError: the Hub refuses, or the way to it fails.
    """
    import huggingface_hub as hub

    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary)
        info = stage(folder, out, name, results, picture)
        if dry_run:
            return Pushed(f"{hub.constants.ENDPOINT}/{name.repo}", "", FILES)
        with hub_errors_in_one_line(name, "so nothing was uploaded; push again when there is a way to it"):
            hub.get_session().timeout = PATIENCE  # the client's own is none at all
            api = hub.HfApi()
            api.create_repo(name.repo, private=private, exist_ok=True)
            if name.revision:
                api.create_branch(name.repo, branch=name.revision, exist_ok=True)
            created = api.create_commit(
                name.repo,
                [hub.CommitOperationAdd(file, str(out / file)) for file in FILES],
                commit_message=f"{info.plugin}: {info.name}, by colorzoo {info.colorzoo_version}",
                revision=name.revision,
            )
    if not COMMIT.fullmatch(str(created.oid)):
        raise HubError(f"{name}: the Hub names commit {printable(str(created.oid), 60)}, which is none")
    return Pushed(f"{hub.constants.ENDPOINT}/{name.repo}", str(created.oid), FILES)


def push_to_hub(colorizer: Colorizer, repo: str, *, private: bool = False) -> Pushed:
    """Upload a colorizer; repo: `owner/name[@branch]`. Raises as `push`."""
    name = HubId.parse(repo)
    if name is None:
        raise HubError(f"{repo!r}: expected owner/name, or owner/name@branch")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        save_pretrained(colorizer, folder)
        return push(folder, name, private=private)


def save_pretrained(
    colorizer: Colorizer, folder: str | PathLike[str], *, half: bool = False
) -> WeightsInfo:
    """Write a weights folder in the Hub's layout; what was known of loaded weights stays known.

    Raises:
        WeightsError: the colorizer is of no installed plugin.
    """
    import colorzoo

    folder = Path(folder)
    loaded = colorizer.weights_info
    info = (
        with_stated_license(loaded)
        if loaded
        else WeightsInfo(
            plugin=_plugin_of(colorizer).entry.name,
            distribution=_plugin_of(colorizer).distribution,
            colorzoo_version=colorzoo.__version__,
            license="unknown",
            config=colorizer.config.model_dump(mode="json"),
        )
    )
    info = store.save(folder, colorizer, info, "", half=half)
    with atomic_write(folder / CARD) as file:
        file.write(card(info).encode())
    return info


def measured(results: Results, info: WeightsInfo) -> list[Measured]:
    """Return what a comparison measured of these weights, known by their hash.

    Raises:
        WeightsError: they did not take part in it.
    """
    methods = [m for m in results.methods if m.weights and m.weights.sha256 == info.sha256]
    if not methods:
        raise WeightsError(
            f"these results know no weights with sha256 {info.sha256[:16]}; compare them first: "
            f"colorzoo compare {info.plugin}:FOLDER --data ..."
        )
    return [row for method in methods for row in _rows(results, method)]


def _rows(results: Results, method: Method) -> list[Measured]:
    protocol = results.protocol
    options = "".join(f", {name}={value}" for name, value in method.options.items())
    text = (
        f"{len(results.pictures)} pictures of {protocol.data}, split {protocol.split}, side "
        f"{protocol.side}, {protocol.samples} samples, seed {protocol.seed}{options}"
    )
    return [
        Measured(
            name=name, value=value.value, unit=value.unit, protocol=text, fingerprint=results.fingerprint
        )
        for name, value in method.values.items()
        if value.value is not None
    ]


def _plugin_of(colorizer: Colorizer) -> RegisteredPlugin:
    target = f"{type(colorizer).__module__}:{type(colorizer).__qualname__}"
    for item in registry().entries["colorizer"].values():
        if item.entry.target == target:
            return item
    raise WeightsError(f"{target} is no installed plugin; register it with an entry point first")


def _samples(colorizer: Colorizer, picture: Picture) -> Pixels:
    """Return a sheet: the grey picture and a few colourings of it."""
    count = 1 if colorizer.deterministic else 4
    colored = colorize(colorizer, picture, {"samples": count, "seed": 0})
    cells = [Cell(picture.gray, "grey")]
    cells += [Cell(one.rgb, f"sample {number}") for number, one in enumerate(colored, start=1)]
    return contact_sheet([cells], side=256)


def _synthetic_picture() -> Pixels:
    """Return a picture for where none was given: a lit ball before a sky."""
    y, x = np.mgrid[-1:1:192j, -1:1:192j]
    height = np.sqrt(np.clip(0.5 - x**2 - y**2, 0, None))
    light = np.clip(0.25 + 1.1 * height - 0.3 * x - 0.3 * y, 0, 1)
    sky = 0.75 - 0.25 * y
    gray = np.where(height > 0, light, sky)
    return np.repeat((255 * gray.clip(0, 1)).astype(np.uint8)[..., None], 3, 2)
