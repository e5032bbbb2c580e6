"""What the files of a commit must be: digests and sizes as the Hub lists them, and the record of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import quote

from pydantic import BaseModel, Field, RootModel

from colorzoo.core.errors import HubError, WeightsError, printable
from colorzoo.core.files import atomic_write, cache_root, read_model
from colorzoo.core.weights.folder import CARD, CONFIG, TENSORS
from colorzoo.hub.hub_client import ask

if TYPE_CHECKING:
    from colorzoo.hub.pull import HubId

METRICS = "metrics.json"
SMALL, LARGE = 1_000_000, 20_000_000_000
"""Most bytes of a text, and of tensors, that are downloaded."""
LIMITS = {CONFIG: SMALL, TENSORS: LARGE, CARD: SMALL, METRICS: 100 * SMALL}
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".onnx", ".msgpack")
PUBLISHED = (".safetensors", ".bin", ".pt", ".pth", ".ckpt", ".tar")
"""Endings of files that `weights convert` reads."""

Sha1 = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


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


class ExpectedFile(BaseModel):
    """Digest and size of a file of a commit: `sha256:...`, or git's own `git:...` for a small one."""

    digest: str = Field(pattern=r"^(sha256:[0-9a-f]{64}|git:[0-9a-f]{40})$")
    size: int = Field(ge=0)


class ExpectedFiles(
    RootModel[dict[Literal["config.json", "model.safetensors", "README.md", "metrics.json"], ExpectedFile]]
):
    """What the files of a commit must be; kept, so that what is offline is verified, too."""


def expected_files(name: HubId, commit: str) -> dict[str, ExpectedFile]:
    """Return the digests and sizes that the commit itself has for the files to be pulled.

    Raises:
        WeightsError: it holds no weights of ours, or files too large for them.
        HubError: the Hub's answer is none.
    """
    tree = ask(f"models/{name.repo}/tree/{commit}", Tree).root
    entries = {entry.path: entry for entry in tree if entry.type == "file"}
    missing = [file for file in (CONFIG, TENSORS) if file not in entries]
    if missing:
        raise WeightsError(_not_weights(name, missing, entries))
    return {file: _expected(name, entries[file], LIMITS[file]) for file in LIMITS if file in entries}


def expected_file(name: HubId, commit: str, file: str, most: int) -> ExpectedFile:
    """Return the digest and size that the commit has for one file of others.

    Raises:
        WeightsError: it has no such file, or one of more than `most` bytes.
        HubError: the Hub's answer is none.
    """
    folder = PurePosixPath(file).parent
    inside = "" if folder == PurePosixPath() else f"/{quote(str(folder))}"
    tree = ask(f"models/{name.repo}/tree/{commit}{inside}", Tree).root
    entry = next((one for one in tree if one.type == "file" and one.path == file), None)
    if entry is None:
        offered = _listed(sorted(one.path for one in tree)[:8]) or "nothing"
        raise WeightsError(f"{name}: has no file {printable(file, 60)}; it offers: {offered}")
    return _expected(name, entry, most)


def published_files(name: HubId, commit: str) -> list[str]:
    """Return the files of a commit that can hold weights of others."""
    tree = ask(f"models/{name.repo}/tree/{commit}", Tree).root
    return [one.path for one in tree if one.type == "file" and PurePosixPath(one.path).suffix in PUBLISHED]


def _expected(name: HubId, entry: TreeEntry, most: int) -> ExpectedFile:
    size, digest = entry.size, f"git:{entry.oid}"
    if entry.lfs:
        size, digest = entry.lfs.size, f"sha256:{entry.lfs.oid}"
    if size > most:
        path = printable(entry.path, 60)
        raise WeightsError(f"{name}: {path} has {size:,} bytes, expected at most {most:,}")
    return ExpectedFile(digest=digest, size=size)


def records() -> Path:
    """Return the folder of the records of what was pulled."""
    return cache_root() / "hub"


def record_path(repo: str, commit: str) -> Path:
    """Return the file of the record of a commit."""
    return records() / repo / f"{commit}.json"


def read_record(path: Path) -> dict[str, ExpectedFile]:
    """Return what the files of a pulled commit must be.

    Raises:
        HubError: the record is damaged.
    """
    advice = "delete it and pull again"
    files = read_model(path, ExpectedFiles, error=HubError, max_bytes=SMALL, advice=advice).root
    if not {CONFIG, TENSORS} <= files.keys():
        raise HubError(f"{path}: damaged (names no weights); {advice}")
    return {str(name): file for name, file in files.items()}


def write_record(path: Path, files: Mapping[str, ExpectedFile]) -> None:
    """Write what the files of a pulled commit must be."""
    with atomic_write(path) as out:
        out.write(ExpectedFiles(dict(files)).model_dump_json(indent=1).encode())


def _not_weights(name: HubId, missing: list[str], files: Iterable[str]) -> str:
    others = sorted(file for file in files if PurePosixPath(file).suffix in PICKLES)
    if TENSORS in missing and others:
        return (
            f"{name}: offers {_listed(others[:3])} but no {TENSORS}; such files can run code when they "
            f"are read, so only safetensors are loaded; {how_to_adopt(name)}"
        )
    offered = _listed(sorted(files)[:8]) or "nothing"
    return (
        f"{name}: has no {' and no '.join(missing)}, so it holds no colorzoo weights; it offers: {offered}"
        f"; {how_to_adopt(name)}"
    )


def how_to_adopt(name: HubId) -> str:
    """Return the command that makes weights of a colorizer of a repository of others."""
    from colorzoo.hub.catalog import known

    for entry, _ in known():
        if entry.repo == name.repo and entry.is_published:
            return f"adopted by name: colorzoo run {entry.label} PICTURE"
    return f"if a colorizer adopts them: colorzoo weights convert PLUGIN {name} -o DIR"


def _listed(files: list[str]) -> str:
    return ", ".join(printable(file, 60) for file in files)
