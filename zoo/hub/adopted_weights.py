"""Weights that others published, as weights folders of a colorizer: made once, then like any other."""

from __future__ import annotations

import hashlib
import shutil
import warnings
from pathlib import Path

from filelock import FileLock

from colorzoo.core.config import ColorizerConfig, validate
from colorzoo.core.errors import ColorzooError, Notice, WeightsError, printable
from colorzoo.core.registry import registry
from colorzoo.core.weights import folder as store
from colorzoo.core.weights.adoption import adopted_file
from colorzoo.core.weights.weights_info import AdoptedFrom, WeightsInfo
from colorzoo.hub.card import card
from colorzoo.hub.catalog_entry import CatalogEntry
from colorzoo.hub.published_file import FetchedFile, fetch_from_hub, fetch_from_url
from colorzoo.hub.pull import HubId


def convert(
    source: FetchedFile, out: Path, config: ColorizerConfig, info: WeightsInfo, stated: str = ""
) -> WeightsInfo:
    """Write a weights folder of a published file, whole or not at all, and return its info.

    info: what is known of the weights; their configuration and source are filled in. stated: as in
    `AdoptedFrom`.

    Raises:
        WeightsError: the file holds no weights of the plugin, or the folder is not empty.
        PluginError: the plugin's code fails.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise WeightsError(f"{printable(str(out))}: is there already; choose another -o folder")
    cls = registry().find("colorizer", info.plugin).load()
    colorizer = adopted_file(source.path, cls, config)
    origin = AdoptedFrom(address=source.address, sha256=source.sha256, stated=stated)
    info = info.model_copy(
        update={"config": colorizer.config.model_dump(mode="json"), "adopted_from": origin}
    )
    part = out.with_name(f".{out.name}.part")  # what a killed one left is replaced
    shutil.rmtree(part, ignore_errors=True)
    try:
        info = store.save(part, colorizer, info, card)
        store.load(part, cls, info.plugin)
        part.rename(out)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return info


def new_info(plugin: str, license: str, credit: str) -> WeightsInfo:
    """Return what is known of published weights before they are adopted."""
    import colorzoo

    distribution = registry().find("colorizer", plugin).distribution
    return WeightsInfo(
        plugin=plugin, distribution=distribution, colorzoo_version=colorzoo.__version__, license=license,
        credit=credit, config={},
    )  # fmt: skip


def adopt(entry: CatalogEntry, *, again: bool = False) -> Path:
    """Return the folder of published weights of a catalogue, fetched and adopted if need be.

    again: ask where they came from whether they are still those.

    Raises:
        HubError: they cannot be fetched, or are not those that the catalogue names or that were recorded.
        WeightsError, PluginError: as in `convert`.
    """
    out = entry.adopted_folder
    out.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(out.with_name(f".{out.name}.lock")):
        _put_in_place(out)  # what one that was killed had made
        known = _recorded(out)
        is_current = known is not None and known.stated == _stated(entry)
        if is_current and not again:
            return out
        recorded = known.sha256 if known and not entry.expected_sha256 and _is_of(entry, known) else ""
        fetched = _fetched(entry, recorded)
        if not is_current:
            _replace(out, entry, fetched)
            if not entry.expected_sha256:
                told = f"{fetched.address}, sha256 {fetched.sha256}: recorded, later pulls are compared"
                _tell(f"{entry.label}: took {told}")
    return out


def remove(entry: CatalogEntry) -> int:
    """Delete adopted weights and what was recorded of them; return the bytes freed."""
    freed = sum(path.stat().st_size for path in entry.adopted_folder.rglob("*"))
    shutil.rmtree(entry.adopted_folder)
    return freed


def _fetched(entry: CatalogEntry, recorded: str) -> FetchedFile:
    sha256 = entry.expected_sha256 or recorded
    try:
        if entry.url:
            return fetch_from_url(entry.url, sha256, entry.size)
        return fetch_from_hub(HubId(str(entry.repo), entry.commit), str(entry.file), sha256, entry.size)
    except ColorzooError as error:
        if recorded and "sha256" in str(error):
            raise type(error)(
                f"{error}\nrecorded when it was first pulled; to take the new one: colorzoo weights remove "
                f"{entry.label}"
            ) from None
        raise


def _replace(out: Path, entry: CatalogEntry, fetched: FetchedFile) -> None:
    cls = registry().find("colorizer", entry.plugin).load()
    config = validate(cls.Config, entry.config, f"catalogue's config of {entry.label}")
    _tell(f"{entry.label}: adopting {fetched.address}, licence {entry.license}")
    info = new_info(entry.plugin, entry.license, entry.credit).model_copy(
        update={"name": entry.name, "summary": entry.summary}
    )
    made = out.with_name(f".{out.name}.new")
    shutil.rmtree(made, ignore_errors=True)
    convert(fetched, made, config, info, _stated(entry))
    _put_in_place(out)


def _put_in_place(out: Path) -> None:
    """Let weights that were made anew, if any, replace those in use: a kill leaves the old or the new."""
    made, old = out.with_name(f".{out.name}.new"), out.with_name(f".{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if made.exists():  # it is complete
        if out.exists():
            out.rename(old)
        made.rename(out)
        shutil.rmtree(old, ignore_errors=True)


def _recorded(folder: Path) -> AdoptedFrom | None:
    """Return what is recorded of adopted weights that are in the cache."""
    try:
        return store.read_info(folder).adopted_from
    except WeightsError:
        return None


def _is_of(entry: CatalogEntry, known: AdoptedFrom) -> bool:
    """Return whether a record is of the file that an entry names."""
    at_commit = known.address.startswith(f"{entry.repo}@") and known.address.endswith(f":{entry.file}")
    return known.address == entry.url or at_commit


def _stated(entry: CatalogEntry) -> str:
    """Return a digest of an entry and of the version of the plugin that adopts it."""
    version = registry().find("colorizer", entry.plugin).version
    return hashlib.sha256(f"{entry.model_dump_json()} {version}".encode()).hexdigest()[:16]


def _tell(text: str) -> None:
    warnings.warn(printable(text, 400), Notice, stacklevel=3)
