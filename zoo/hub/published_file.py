"""Weights that others published, on the Hub or elsewhere: fetched, and held to what is known of them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import urlsplit

from colorzoo.core.data.download import digest, download
from colorzoo.core.errors import DataError, HubError, WeightsError, printable
from colorzoo.core.files import cache_root
from colorzoo.hub.catalog_entry import FILE
from colorzoo.hub.client_errors import hub_errors_in_one_line
from colorzoo.hub.commit_files import LARGE, expected_file, published_files
from colorzoo.hub.hub_cache import Storage
from colorzoo.hub.pull import HubId, remember, resolved_commit


class FetchedFile(NamedTuple):
    """A published file on this machine; address: where it came from, with its commit if it has one."""

    path: Path
    address: str
    sha256: str


def parse_published(text: str) -> tuple[HubId, str] | None:
    """Return what `owner/name[@revision][:file]` says, the file empty where none is; else None."""
    repo, _, file = text.partition(":")
    name = HubId.parse(repo)
    return (name, file) if name and (not file or re.fullmatch(FILE, file)) else None


def fetch(text: str, url: str = "") -> FetchedFile:
    """Return a file of this machine, come from a url, or of the Hub as `owner/name[@revision][:file]`.

    Raises:
        WeightsError, HubError: there is none, or it cannot be fetched.
    """
    path = Path(text).expanduser()
    if not path.exists() and (named := parse_published(text)):
        fetched = fetch_from_hub(*named)
        return fetched._replace(address=url or fetched.address)
    try:
        return FetchedFile(path, url or path.name, digest(path))
    except OSError as error:
        problem = f"{printable(text)}: {error.strerror or error}"
        raise WeightsError(f"{problem}; expected a file, or owner/name[@revision][:file]") from None


def fetch_from_hub(name: HubId, file: str, sha256: str = "", most: int | None = None) -> FetchedFile:
    """Fetch a file of a repository; its bytes are compared with the commit's digest, then with sha256.

    file: by default the only one that can hold weights. sha256: or its beginning; empty: unknown.

    Raises:
        HubError: it cannot be fetched, or has another sha256.
        WeightsError: there is no such file, or it is too large.
    """
    from huggingface_hub import constants

    offline = constants.HF_HUB_OFFLINE
    with hub_errors_in_one_line(name):
        storage = Storage(name.repo)
        commit = resolved_commit(name, storage, offline)
        if not file and not offline:
            file = _only(name, published_files(name, commit))
        path, address = storage.snapshot(commit) / file, f"{name.repo}@{commit}:{file}"
        if not path.is_file():
            if offline:
                raise HubError(f"{name}: was never pulled to this machine; run it once without --offline")
            expected = expected_file(name, commit, file, most or LARGE)
            stated = expected.digest.removeprefix("sha256:")
            if stated != expected.digest:
                _check(address, stated, sha256)
            storage.sweep({expected.digest})
            storage.fetch(commit, file, expected.digest, expected.size)
        fetched = FetchedFile(path, address, _check(address, digest(path), sha256))
        if not offline:
            remember(storage.ref(name.revision), name, commit)
    return fetched


def fetch_from_url(url: str, sha256: str = "", most: int | None = None) -> FetchedFile:
    """Fetch a file from an address into the cache; it goes on where it was cut.

    Raises:
        HubError: it cannot be fetched, is too large, or has another sha256.
    """
    from huggingface_hub import constants
    from huggingface_hub.utils import tqdm

    target = url_target(url)
    if constants.HF_HUB_OFFLINE and not target.is_file():
        raise HubError(f"{printable(url)}: was never fetched; run it once without --offline")
    with tqdm(desc=target.name, unit="B", unit_scale=True, disable=None) as bar:  # type: ignore[no-untyped-call]

        def progress(done: int, total: int) -> None:
            bar.total = total or None
            bar.update(done - bar.n)

        try:
            download([url], target, sha256, most or LARGE, progress)
        except DataError as error:
            raise HubError(printable(str(error))) from None
    return FetchedFile(target, url, digest(target))


def url_target(url: str) -> Path:
    """Return where the file of an address is kept."""
    folder = hashlib.sha256(url.encode()).hexdigest()[:16]
    name = re.sub(r"[^\w.-]", "_", PurePosixPath(urlsplit(url).path).name)[:100].lstrip(".")
    return cache_root() / "published" / folder / (name or "file")


def _check(address: str, sha256: str, expected: str) -> str:
    if not sha256.startswith(expected):
        raise HubError(
            f"{address}: its sha256 is {sha256[:16]}, expected {expected[:16]}; it was replaced or damaged"
        )
    return sha256


def _only(name: HubId, files: list[str]) -> str:
    if len(files) != 1:
        offered = ", ".join(printable(file, 60) for file in files[:8]) or "none that could hold weights"
        raise WeightsError(f"{name}: expected the name of one file, as {name}:FILE; it offers {offered}")
    return files[0]
