"""Weights from the Hugging Face Hub: pinned to a commit, and nothing is loaded that was not verified."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from pydantic import BaseModel

from colorzoo.core.errors import HubError
from colorzoo.core.files import atomic_write
from colorzoo.core.weights.folder import CONFIG, WeightsInfo, read_info
from colorzoo.hub.client_errors import hub_errors_in_one_line, is_away
from colorzoo.hub.commit_files import (
    ExpectedFile,
    Sha1,
    expected_files,
    read_record,
    record_path,
    records,
    write_record,
)
from colorzoo.hub.hub_cache import Storage
from colorzoo.hub.hub_client import ask

NAME = re.compile(r"(?P<repo>[\w-][\w.-]*/[\w-][\w.-]*)(@(?P<revision>[\w][\w./-]*))?")
COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class HubId:
    """A repository on the Hub, and which of its revisions."""

    repo: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str) -> HubId | None:
        """Return the id that `owner/name` or `owner/name@revision` says; None for anything else."""
        match = NAME.fullmatch(text)
        return cls(match["repo"], match["revision"]) if match and ".." not in text else None

    def __str__(self) -> str:
        return f"{self.repo}@{self.revision}" if self.revision else self.repo


class Revision(BaseModel):
    """What the Hub answers about a revision."""

    sha: Sha1


@dataclass(frozen=True)
class HubSnapshot:
    """Verified files of one commit, in the Hub's cache."""

    repo: str
    commit: str

    @property
    def folder(self) -> Path:
        """The folder that holds the files."""
        return Storage(self.repo).snapshot(self.commit)

    @property
    def files(self) -> Mapping[str, ExpectedFile]:
        """What every file must be, by name."""
        return read_record(record_path(self.repo, self.commit))

    @property
    def info(self) -> WeightsInfo:
        """What config.json says."""
        return read_info(self.folder)

    def verify(self) -> None:
        """Compute every digest anew.

        Raises:
            HubError: a file is damaged; it is dropped from the cache. Or the record is.
        """
        for name, expected in self.files.items():
            Storage(self.repo).verify(self.folder / name, name, expected.digest)


def pull(name: HubId, *, offline: bool = False) -> HubSnapshot:
    """Bring the files of a weights folder to this machine, each of them verified, and return the snapshot.

    A branch or tag is resolved to its commit once. Offline only what is in the cache is used, verified by
    the digests that the commit had when it was pulled.

    Raises:
        HubError: the Hub or the way to it fails, a file is damaged, or the cache lacks one offline.
        WeightsError: the commit holds no weights.
    """
    from huggingface_hub import constants

    offline = offline or constants.HF_HUB_OFFLINE
    with hub_errors_in_one_line(name):
        storage = Storage(name.repo)
        commit = resolved_commit(name, storage, offline)
        snapshot, record = HubSnapshot(name.repo, commit), record_path(name.repo, commit)
        recorded = record.is_file()
        if offline and not recorded:
            raise HubError(f"{name}: was never pulled to this machine; run it once without --offline")
        files = snapshot.files if recorded else expected_files(name, commit)
        storage.sweep({expected.digest for expected in files.values()})
        for file, expected in files.items():
            if (snapshot.folder / file).exists():
                storage.verify(snapshot.folder / file, file, expected.digest)
            elif offline:
                raise HubError(f"{name}: {file} is no longer in the cache; run it once without --offline")
            else:
                storage.fetch(commit, file, expected.digest, expected.size)
        if not recorded:
            write_record(record, files)
        if not offline:
            remember(storage.ref(name.revision), name, commit)
    return snapshot


def cached() -> list[HubSnapshot]:
    """Return what was pulled to this machine and is still in the cache."""
    names = [
        ("/".join(record.parts[-3:-1]), record.stem) for record in sorted(records().glob("*/*/*.json"))
    ]
    recorded = [
        HubSnapshot(repo, commit)
        for repo, commit in names
        if HubId.parse(repo) and COMMIT.fullmatch(commit)
    ]
    return [snapshot for snapshot in recorded if (snapshot.folder / CONFIG).is_file()]


def remove(snapshot: HubSnapshot) -> int:
    """Delete a pulled commit from the Hub's cache and return the bytes freed.

    Raises:
        HubError: the cache links out of itself.
    """
    from huggingface_hub import scan_cache_dir

    storage = Storage(snapshot.repo)
    plan = scan_cache_dir(storage.cache).delete_revisions(snapshot.commit)
    outside = [path for path in plan.blobs if not path.resolve().is_relative_to(storage.cache.resolve())]
    if outside:  # an ETag that another program believed; the Hub's client would delete what it names
        raise HubError(
            f"{storage.root}: links to {outside[0]}, out of the cache; delete the folder by hand"
        )
    plan.execute()
    record_path(snapshot.repo, snapshot.commit).unlink(missing_ok=True)
    return plan.expected_freed_size


def resolved_commit(name: HubId, storage: Storage, offline: bool) -> str:
    """Return the commit of a revision: as the Hub says, or as it said where it cannot be reached."""
    if COMMIT.fullmatch(name.revision or ""):
        return str(name.revision)
    ref = storage.ref(name.revision)
    if not offline:
        address = f"models/{name.repo}"
        if name.revision:
            address += f"/revision/{quote(name.revision, safe='')}"
        try:
            return ask(address, Revision).sha
        except Exception as error:
            if not (is_away(error) and ref.is_file()):
                raise
    commit = ref.read_text().strip() if ref.is_file() else ""
    if not COMMIT.fullmatch(commit):
        raise HubError(f"{name}: was never pulled to this machine; run it once without --offline")
    return commit


def remember(ref: Path, name: HubId, commit: str) -> None:
    """Keep the commit of a branch or tag for the time without a network, where the cache can be written."""
    if name.revision != commit:
        with suppress(OSError), atomic_write(ref) as out:
            out.write(commit.encode())
