"""The Hub's cache on this machine: its layout, with files stored under names that are our own.

The Hub's client stores a file under the ETag that the server names, and follows it out of the cache; so
its session and its cache's layout are used here, its downloads are not.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from colorzoo.core.errors import HubError
from colorzoo.hub.hub_client import download

PART = ".colorzoo.incomplete"
"""Ending of a file that has not arrived completely."""


class Storage:
    """A repository in the Hub's cache: blobs by their digest, snapshots that link to them, refs."""

    def __init__(self, repo: str) -> None:
        from huggingface_hub import constants
        from huggingface_hub.utils import validate_repo_id

        validate_repo_id(repo)
        self.repo = repo
        self.cache = Path(constants.HF_HUB_CACHE).expanduser()
        self.root = self.cache / f"models--{repo.replace('/', '--')}"

    def ref(self, revision: str | None) -> Path:
        """Return the file of the commit that a branch or tag had when it was pulled."""
        return self.root / "refs" / (revision or "main")

    def snapshot(self, commit: str) -> Path:
        """Return the folder of a commit's files."""
        return self.root / "snapshots" / commit

    def blob(self, digest: str) -> Path:
        """Return where the bytes with a digest, `algorithm:hexadecimal`, are stored."""
        return self.root / "blobs" / digest.partition(":")[2]

    def lock(self, name: str) -> FileLock:
        """Return the lock of a blob, the one that the Hub's client takes as well."""
        path = self.cache / ".locks" / self.root.name / f"{name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(path)

    def fetch(self, commit: str, file: str, digest: str, size: int) -> None:
        """Download a file of a commit unless its bytes are in the cache, verify it, and link it.

        Raises:
            HubError: it is larger than `size`, or damaged. What the client raises passes.
        """
        from huggingface_hub import constants

        blob, link = self.blob(digest), self.snapshot(commit) / file
        for path in (blob, link):
            path.parent.mkdir(parents=True, exist_ok=True)
        with self.lock(blob.name):
            source = blob
            if not blob.exists():
                source = blob.with_name(blob.name + PART)
                download(f"{constants.ENDPOINT}/{self.repo}/resolve/{commit}/{file}", source, size, file)
            self.verify(source, file, digest)
            if source != blob:
                source.replace(blob)
            _link(link, blob)

    def verify(self, path: Path, file: str, digest: str) -> None:
        """Compare bytes with the digest of a file; damaged ones are deleted, by names of our own alone.

        Raises:
            HubError: they are damaged.
        """
        if compute_digest(path, digest) == digest:
            return
        path.unlink()  # of a link the link itself
        self.blob(digest).unlink(missing_ok=True)
        algorithm, _, expected = digest.partition(":")
        raise HubError(
            f"{self.repo}: {file}: arrived damaged, its {algorithm} is not {expected[:16]}; it is dropped "
            "from the cache: pull again"
        )

    def sweep(self, digests: set[str]) -> None:
        """Delete what killed pulls left half-written in the cache, except those of these digests."""
        names = {self.blob(digest).name for digest in digests}
        for part in self.cache.glob(f"models--*/blobs/*{PART}"):
            name = part.name.removesuffix(PART)
            lock = FileLock(self.cache / ".locks" / part.parents[1].name / f"{name}.lock")
            if part.parents[1] == self.root and name in names:
                continue
            with suppress(Timeout, OSError), lock.acquire(timeout=0):
                part.unlink()


def compute_digest(path: Path, like: str) -> str:
    """Return the digest of a file by the algorithm of another: `sha256:...`, or git's own `git:...`."""
    algorithm = like.partition(":")[0]
    state = hashlib.sha256() if algorithm == "sha256" else hashlib.sha1(b"blob %d\0" % path.stat().st_size)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            state.update(chunk)
    return f"{algorithm}:{state.hexdigest()}"


def _link(link: Path, blob: Path) -> None:
    link.unlink(missing_ok=True)
    try:
        link.symlink_to(os.path.relpath(blob, link.parent))
    except OSError:  # a file system without links
        shutil.copyfile(blob, link)
