"""Downloads that resume, retry and are believed only by their hash; archives unpacked with care."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

from colorzoo.core.errors import DataError
from colorzoo.core.interfaces.dataset import Progress

CHUNK = 1 << 16
CUTS = 5
"""How often a download that was cut goes on where it was, before the next mirror is tried."""
TIMEOUT = (10, 60)


def session(tries: int = 4) -> requests.Session:
    """Return a session that retries dropped connections and busy servers, and heeds Retry-After."""
    retry = Retry(total=tries, backoff_factor=1, status_forcelist=(429, 500, 502, 503, 504))
    opened = requests.Session()
    for scheme in ("https://", "http://"):
        opened.mount(scheme, HTTPAdapter(max_retries=retry))
    opened.headers["User-Agent"] = "colorzoo (+https://pypi.org/project/colorzoo)"
    return opened


def download(
    urls: Sequence[str], target: Path, sha256: str, max_bytes: int, progress: Progress | None = None
) -> Path:
    """Download from the first mirror that has it; a cut download resumes, a wrong hash is refused.

    sha256: or its beginning, where no more is known; empty, and what is there or comes is taken.

    Raises:
        DataError: none has it; each with its reason.
    """
    if target.exists() and digest(target).startswith(sha256):
        return target
    part = target.with_name(target.name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    problems = []
    for url in urls:
        try:
            _fetch_on(url, part, max_bytes, progress)
        except (requests.RequestException, DataError) as error:
            problems.append(f"{url}: {_reason(error)}")
            continue
        if digest(part).startswith(sha256):
            part.replace(target)
            return target
        part.unlink()
        problems.append(f"{url}: its sha256 is not {sha256[:12]}..., the file was thrown away")
    raise DataError("no mirror had it: " + "; ".join(problems))


def digest(path: Path, algorithm: str = "sha256") -> str:
    """Return the hash of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _fetch_on(url: str, part: Path, max_bytes: int, progress: Progress | None) -> None:
    """Fetch, and go on after a cut as long as every try brings something."""
    with session() as opened:
        for cut in range(CUTS + 1):
            before = part.stat().st_size if part.exists() else 0
            try:
                _fetch(opened, url, part, max_bytes, progress)
                return
            except requests.exceptions.ChunkedEncodingError:
                if cut == CUTS or part.stat().st_size <= before:
                    raise


def _fetch(
    opened: requests.Session, url: str, part: Path, max_bytes: int, progress: Progress | None
) -> None:
    have = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    with opened.get(url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            return  # all of it is here already; the hash decides
        answer.raise_for_status()
        if answer.status_code != requests.codes.partial_content:
            have = 0
        total = have + int(answer.headers.get("Content-Length") or 0)
        with part.open("ab" if have else "wb") as file:
            for chunk in answer.iter_content(CHUNK):
                have += len(chunk)
                if have > max_bytes:
                    raise DataError(f"sends more than {max_bytes} bytes")
                file.write(chunk)
                if progress:
                    progress(have, total)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}" if isinstance(error, requests.ConnectionError) else str(error)
