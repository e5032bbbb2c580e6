"""Bytes from the Hub: bounded in size, time and speed, and stored under names that are our own.

The Hub's client stores a file under the ETag that the server names, and follows it out of the cache; so
its session and its cache's layout are used here, its downloads are not.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import pydantic
from filelock import FileLock, Timeout

from colorzoo.core.errors import HubError
from colorzoo.core.files import parse_model

REDIRECTS, CUTS = 5, 5
"""How often a redirect is followed, and how often a download that was cut goes on where it was."""
LEAST_SPEED = 1_000
"""Bytes a second, on average over the patience."""
MAX_ANSWER = 8_000_000
"""Most bytes of an answer in JSON."""
ERROR_HEADERS = ("X-Error-Code", "X-Error-Message", "Retry-After")
PART = ".colorzoo.incomplete"

Answer = TypeVar("Answer", bound=pydantic.BaseModel)


def patience() -> float:
    """Return for how many seconds a slow answer is waited for."""
    from huggingface_hub import constants

    return 3.0 * float(constants.HF_HUB_DOWNLOAD_TIMEOUT)


def ask(path: str, model: type[Answer]) -> Answer:
    """Return what the Hub's API answers at a path."""
    from huggingface_hub import constants

    with _Watch() as watch, _answered(f"{constants.ENDPOINT}/api/{path}", watch) as response:
        data = b"".join(_chunks(response, MAX_ANSWER, watch))
    return parse_model(
        data, model, constants.ENDPOINT, error=HubError, max_bytes=MAX_ANSWER,
        advice="that is no answer of the Hub; is there a login page in between?",
    )  # fmt: skip


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
        """Return where the commit is kept that a branch or tag had when it was pulled."""
        return self.root / "refs" / (revision or "main")

    def snapshot(self, commit: str) -> Path:
        """Return the folder of a commit's files."""
        return self.root / "snapshots" / commit

    def blob(self, digest: str) -> Path:
        """Return where the bytes with a digest, `kind:hexadecimal`, are kept."""
        return self.root / "blobs" / digest.partition(":")[2]

    def lock(self, name: str) -> FileLock:
        """Return the lock of a blob, the one that the Hub's client takes as well."""
        path = self.cache / ".locks" / self.root.name / f"{name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(path)

    def fetch(self, commit: str, file: str, digest: str, size: int) -> None:
        """Download a file of a commit unless its bytes are here, verify it, and link it."""
        from huggingface_hub import constants

        blob, link = self.blob(digest), self.snapshot(commit) / file
        for path in (blob, link):
            path.parent.mkdir(parents=True, exist_ok=True)
        with self.lock(blob.name):
            source = blob
            if not blob.exists():
                source = blob.with_name(blob.name + PART)
                _download(f"{constants.ENDPOINT}/{self.repo}/resolve/{commit}/{file}", source, size, file)
            self.verify(source, file, digest)
            if source != blob:
                source.replace(blob)
            _link(link, blob)

    def verify(self, path: Path, file: str, digest: str) -> None:
        """Compare bytes with the digest of a file; damaged ones are deleted, by names of our own alone."""
        if compute_digest(path, digest) == digest:
            return
        path.unlink()  # of a link the link itself
        self.blob(digest).unlink(missing_ok=True)
        kind, _, expected = digest.partition(":")
        raise HubError(
            f"{self.repo}: {file}: arrived damaged, its {kind} is not {expected[:16]}; it is dropped from "
            "the cache: pull again"
        )

    def sweep(self, wanted: set[str]) -> None:
        """Delete what killed pulls left half-written in the cache, but for digests that are wanted now."""
        names = {self.blob(digest).name for digest in wanted}
        for part in self.cache.glob(f"models--*/blobs/*{PART}"):
            name = part.name.removesuffix(PART)
            lock = FileLock(self.cache / ".locks" / part.parents[1].name / f"{name}.lock")
            if part.parents[1] == self.root and name in names:
                continue
            with suppress(Timeout, OSError), lock.acquire(timeout=0):
                part.unlink()


def compute_digest(path: Path, like: str) -> str:
    """Return the digest of a file, of the same kind as another: `sha256:...`, or git's own `git:...`."""
    kind = like.partition(":")[0]
    state = hashlib.sha256() if kind == "sha256" else hashlib.sha1(b"blob %d\0" % path.stat().st_size)
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            state.update(chunk)
    return f"{kind}:{state.hexdigest()}"


class _Watch:
    """Ends the connections of the Hub's client once too few bytes arrive, even between two reads."""

    def __init__(self) -> None:
        self.arrived, self.gave_up, self._done = 0, False, threading.Event()

    def __enter__(self) -> _Watch:
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def __exit__(self, kind: object, error: object, _: object) -> None:
        self._done.set()
        if self.gave_up and isinstance(error, Exception) and not isinstance(error, HubError):
            raise TimeoutError(f"it sent nearly nothing for {patience():g} seconds") from None

    def _run(self) -> None:
        from huggingface_hub import close_session

        while not self._done.wait(patience()):
            if self.arrived < LEAST_SPEED * patience():
                self.gave_up = True
                close_session()
                return
            self.arrived = 0


@contextmanager
def _answered(url: str, watch: _Watch, headers: Mapping[str, str] | None = None) -> Iterator[Any]:
    """Open an answer of the Hub, unread; redirects are followed by hand, elsewhere without the token."""
    from huggingface_hub import constants, get_session
    from huggingface_hub.utils import build_hf_headers

    own = build_hf_headers(library_name="colorzoo") | {"Accept-Encoding": "identity"}
    client = get_session()
    request = client.build_request(
        "GET", url, headers=own | dict(headers or {}), timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT
    )
    for _ in range(REDIRECTS):
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            if not response.has_redirect_location:
                _raise_for_status(response)
                watch.arrived += int(LEAST_SPEED * patience())  # the time until now is not the body's
                yield response
                return
        finally:
            response.close()
        further = response.next_request
        if further is None or (request.url.scheme == "https" and further.url.scheme != "https"):
            raise HubError(f"{constants.ENDPOINT}: redirects away from https, or nowhere; refused")
        request = further
    raise HubError(f"{constants.ENDPOINT}: redirects more than {REDIRECTS} times, refused")


def _raise_for_status(response: Any) -> None:
    """Raise the Hub's own error; what it says is in these headers, so a body is never read."""
    from huggingface_hub.utils import hf_raise_for_status

    if response.status_code >= 400:
        headers = {name: response.headers[name] for name in ERROR_HEADERS if name in response.headers}
        hf_raise_for_status(type(response)(response.status_code, headers=headers, request=response.request))


def _chunks(response: Any, most: int, watch: _Watch) -> Iterator[bytes]:
    total = 0
    for chunk in response.iter_raw():
        total += len(chunk)
        watch.arrived += len(chunk)
        if total > most:
            raise HubError(f"{response.request.url.host}: sends more than the {most:,} bytes expected")
        yield chunk


def _download(url: str, part: Path, size: int, file: str) -> None:
    """Bring a file of at most `size` bytes; go on after a cut as long as every try brings something."""
    for cut in range(CUTS + 1):
        before = part.stat().st_size if part.exists() else 0
        if before > size:
            part.unlink()
            before = 0
        try:
            if before < size or not part.exists():
                _append(url, part, before, size, file)
            return
        except Exception as error:
            grown = part.exists() and part.stat().st_size > before
            if isinstance(error, HubError | OSError) or not grown or cut == CUTS:
                raise


def _append(url: str, part: Path, start: int, size: int, file: str) -> None:
    from huggingface_hub.utils import tqdm

    headers = {"Range": f"bytes={start}-"} if start else {}
    with _Watch() as watch, _answered(url, watch, headers) as response:
        start = start if response.status_code == 206 else 0
        with (
            part.open("ab" if start else "wb") as out,
            tqdm(desc=file, total=size, initial=start, unit="B", unit_scale=True, disable=None) as bar,  # type: ignore[no-untyped-call]
        ):
            for chunk in _chunks(response, size - start, watch):
                out.write(chunk)
                bar.update(len(chunk))


def _link(link: Path, blob: Path) -> None:
    link.unlink(missing_ok=True)
    try:
        link.symlink_to(os.path.relpath(blob, link.parent))
    except OSError:  # a file system without links
        shutil.copyfile(blob, link)
