"""Weights from the Hugging Face Hub: pinned to a commit, and nothing is loaded that was not verified."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import BaseModel, Field, RootModel

from colorzoo.core.errors import HubError, WeightsError
from colorzoo.core.files import atomic_write, cache_root, printable, read_model
from colorzoo.core.weights.folder import CARD, CONFIG, TENSORS, WeightsInfo, read_info
from colorzoo.hub.client import Storage, ask
from colorzoo.hub.client_errors import hub_errors_in_one_line, is_away

METRICS = "metrics.json"
SMALL, LARGE = 1_000_000, 20_000_000_000
"""Most bytes of a text, and of tensors, that are downloaded."""
LIMITS = {CONFIG: SMALL, TENSORS: LARGE, CARD: SMALL, METRICS: 100 * SMALL}
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".onnx", ".msgpack")
NAME = re.compile(r"(?P<repo>[\w-][\w.-]*/[\w-][\w.-]*)(@(?P<revision>[\w][\w./-]*))?")
COMMIT = re.compile(r"[0-9a-f]{40}")

Sha1 = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


@dataclass(frozen=True)
class HubId:
    """A repository on the Hub, and which of its revisions."""

    repo: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str) -> HubId | None:
        """Read `owner/name` or `owner/name@revision`; None for anything else."""
        match = NAME.fullmatch(text)
        return cls(match["repo"], match["revision"]) if match and ".." not in text else None

    def __str__(self) -> str:
        return f"{self.repo}@{self.revision}" if self.revision else self.repo


class Revision(BaseModel):
    """What the Hub answers about a revision."""

    sha: Sha1


class LargeFile(BaseModel):
    """A file that git itself does not keep."""

    oid: Sha256
    size: int = Field(ge=0)


class TreeEntry(BaseModel):
    """A file or folder of a commit, as the Hub lists it."""

    type: str
    path: str
    oid: Sha1
    size: int = Field(0, ge=0)
    lfs: LargeFile | None = None


class Tree(RootModel[list[TreeEntry]]):
    """The first page of a commit's files."""


class Promise(BaseModel):
    """Digest and size of a file of a commit: `sha256:...`, or git's own `git:...` for a small one."""

    digest: str = Field(pattern=r"^(sha256:[0-9a-f]{64}|git:[0-9a-f]{40})$")
    size: int = Field(ge=0)


class Promises(
    RootModel[dict[Literal["config.json", "model.safetensors", "README.md", "metrics.json"], Promise]]
):
    """What the files of a commit must be; kept, so that what is offline is verified, too."""


@dataclass(frozen=True)
class Pulled:
    """Verified files of one commit, in the Hub's cache."""

    repo: str
    commit: str

    @property
    def folder(self) -> Path:
        """Where the files are."""
        return Storage(self.repo).snapshot(self.commit)

    @property
    def promises(self) -> Mapping[str, Promise]:
        """What every file must be."""
        return _read_promises(_record(self.repo, self.commit))

    @property
    def info(self) -> WeightsInfo:
        """What config.json says."""
        return read_info(self.folder)

    def verify(self) -> None:
        """Compute every digest anew; a damaged file is dropped from the cache."""
        for file, promise in self.promises.items():
            Storage(self.repo).verify(self.folder / file, file, promise.digest)


def pull(name: HubId, *, offline: bool = False) -> Pulled:
    """Bring the files of a weights folder to this machine and verify every one of them.

    A branch or tag is resolved to its commit once. Offline only what is in the cache is used, verified by
    the digests that the commit had when it was pulled.
    """
    from huggingface_hub import constants

    offline = offline or constants.HF_HUB_OFFLINE
    with hub_errors_in_one_line(name):
        storage = Storage(name.repo)
        commit = _resolved(name, storage, offline)
        pulled, record = Pulled(name.repo, commit), _record(name.repo, commit)
        if offline and not record.is_file():
            raise HubError(f"{name}: was never pulled to this machine; run it once without --offline")
        promises = pulled.promises if record.is_file() else _expected_digests(name, commit)
        storage.sweep({promise.digest for promise in promises.values()})
        for file, promise in promises.items():
            if (pulled.folder / file).exists():
                storage.verify(pulled.folder / file, file, promise.digest)
            elif offline:
                raise HubError(f"{name}: {file} is no longer in the cache; run it once without --offline")
            else:
                storage.fetch(commit, file, promise.digest, promise.size)
        if not record.is_file():
            with atomic_write(record) as out:
                out.write(Promises(dict(promises)).model_dump_json(indent=1).encode())
        if not offline:
            _remember(storage.ref(name.revision), name, commit)
    return pulled


def cached() -> list[Pulled]:
    """Return what was pulled to this machine and is still there."""
    names = [
        ("/".join(record.parts[-3:-1]), record.stem) for record in sorted(_records().glob("*/*/*.json"))
    ]
    found = [
        Pulled(repo, commit) for repo, commit in names if HubId.parse(repo) and COMMIT.fullmatch(commit)
    ]
    return [pulled for pulled in found if (pulled.folder / CONFIG).is_file()]


def remove(pulled: Pulled) -> int:
    """Delete a pulled commit from the Hub's cache; return the bytes freed."""
    from huggingface_hub import scan_cache_dir

    storage = Storage(pulled.repo)
    plan = scan_cache_dir(storage.cache).delete_revisions(pulled.commit)
    outside = [path for path in plan.blobs if not path.resolve().is_relative_to(storage.cache.resolve())]
    if outside:  # an ETag that another program believed; the Hub's client would delete what it names
        raise HubError(
            f"{storage.root}: links to {outside[0]}, out of the cache; delete the folder by hand"
        )
    plan.execute()
    _record(pulled.repo, pulled.commit).unlink(missing_ok=True)
    return plan.expected_freed_size


def _resolved(name: HubId, storage: Storage, offline: bool) -> str:
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


def _remember(ref: Path, name: HubId, commit: str) -> None:
    """Keep the commit of a branch or tag for the time without a network, where the cache can be written."""
    if name.revision != commit:
        with suppress(OSError), atomic_write(ref) as out:
            out.write(commit.encode())


def _expected_digests(name: HubId, commit: str) -> dict[str, Promise]:
    """Return the digests that the commit itself has for the files to be pulled."""
    tree = ask(f"models/{name.repo}/tree/{commit}", Tree).root
    entries = {entry.path: entry for entry in tree if entry.type == "file"}
    missing = [file for file in (CONFIG, TENSORS) if file not in entries]
    if missing:
        raise WeightsError(_not_weights(name, missing, entries))
    promises = {}
    for file in [file for file in LIMITS if file in entries]:
        entry = entries[file]
        size, digest = entry.size, f"git:{entry.oid}"
        if entry.lfs:
            size, digest = entry.lfs.size, f"sha256:{entry.lfs.oid}"
        if size > LIMITS[file]:
            raise WeightsError(f"{name}: {file} has {size:,} bytes, expected at most {LIMITS[file]:,}")
        promises[file] = Promise(digest=digest, size=size)
    return promises


def _not_weights(name: HubId, missing: list[str], files: Iterable[str]) -> str:
    others = sorted(file for file in files if PurePosixPath(file).suffix in PICKLES)
    if TENSORS in missing and others:
        return (
            f"{name}: offers {_listed(others[:3])} but no {TENSORS}; such files can run code when they "
            "are read, so only safetensors are loaded"
        )
    offered = _listed(sorted(files)[:8]) or "nothing"
    return (
        f"{name}: has no {' and no '.join(missing)}, so it holds no colorzoo weights; it offers: {offered}"
    )


def _listed(files: list[str]) -> str:
    return ", ".join(printable(file, 60) for file in files)


def _records() -> Path:
    return cache_root() / "hub"


def _record(repo: str, commit: str) -> Path:
    return _records() / repo / f"{commit}.json"


def _read_promises(record: Path) -> dict[str, Promise]:
    advice = "delete it and pull again"
    promises = read_model(record, Promises, error=HubError, max_bytes=SMALL, advice=advice).root
    if not {CONFIG, TENSORS} <= promises.keys():
        raise HubError(f"{record}: damaged (names no weights); {advice}")
    return {str(name): promise for name, promise in promises.items()}
