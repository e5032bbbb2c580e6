"""Polite HTTP: slow, patient within bounds, and obedient to robots.txt."""

from __future__ import annotations

import hashlib
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import requests
from protego import Protego
from urllib3.exceptions import HTTPError

from colorzoo.core.errors import DataError
from colorzoo.core.files import atomic_write, read_model
from colorzoo.datasources.manga.crawl_errors import CrawlError, PassingError, RefusedError, StopError
from colorzoo.datasources.manga.crawl_options import CrawlOptions
from colorzoo.datasources.manga.crawl_pace import Pace
from colorzoo.datasources.manga.http_answer import (
    BUSY,
    Answer,
    charset_of,
    failure_of,
    read_body,
    redirect_of,
    validators_of,
)
from colorzoo.datasources.manga.network_guard import Guard

AGENT = "colorzoo"
HOME = "+https://pypi.org/project/colorzoo"
REDIRECTS, ROBOTS_BYTES = 5, 500_000


class Web:
    """Fetches addresses one after the other, each host at its own pace."""

    def __init__(self, guard: Guard, options: CrawlOptions) -> None:
        self.guard, self.options, self.pace = guard, options, Pace(options)
        self.received = 0
        self.memory: Path | None = None
        """Folder in which pages are kept, if any, to ask whether they have changed."""
        self._session = requests.Session()
        self._session.trust_env = False  # through a proxy, nobody could see where a name leads
        self._session.headers["User-Agent"] = f"{AGENT} ({HOME})"
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, guard.adapter())
        self._robots: dict[str, Protego] = {}

    def get(self, url: str, limit: int, headers: Mapping[str, str] | None = None) -> Answer:
        """Return what an address answers, following redirects, trying again what may pass.

        limit: largest body in bytes.

        Raises:
            RefusedError: it must not be fetched.
            StopError: the site asks for a longer pause than patience, or a limit of the user's is reached.
            CrawlError: it fails for good.
        """
        answer: Answer = self.pace.retrying()(self._follow, url, limit, dict(headers or {}))
        return answer

    def page(self, url: str, limit: int, headers: Mapping[str, str] | None = None) -> Answer:
        """Return a page that leads on; one kept from the last time is only asked about. Raises as `get`."""
        file = self.memory and self.memory / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.json"
        before = _read_kept(file) if file else None
        answer = self.get(url, limit, {**(headers or {}), **(before.validators if before else {})})
        if answer.unchanged and before:
            return before
        if file and answer.validators:
            with atomic_write(file) as out:
                out.write(answer.model_dump_json().encode())
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def _follow(self, url: str, limit: int, headers: dict[str, str]) -> Answer:
        for _ in range(REDIRECTS + 1):
            self.guard.check(url)
            self._obey(url)
            answer, onward = self._request(url, limit, headers)
            if onward is None:
                return answer
            url = onward
        raise CrawlError(f"{url}: more than {REDIRECTS} redirects, one after the other")

    def _obey(self, url: str) -> None:
        """Refuse what the host's robots.txt forbids; pause as long as it and the user want."""
        origin = _origin(url)
        if origin not in self._robots:
            self._robots[origin] = self._read_robots(origin)
        rules = self._robots[origin]
        if not rules.can_fetch(url, AGENT):
            raise RefusedError(f"{url}: forbidden to crawlers by {origin}/robots.txt")
        self.pace.pause(origin, rules.crawl_delay(AGENT) or 0)

    def _read_robots(self, origin: str) -> Protego:
        """Return a host's rules (RFC 9309): none if it has no file, nothing allowed if it cannot say."""
        url = f"{origin}/robots.txt"
        try:
            for _ in range(REDIRECTS + 1):
                self.guard.check(url)
                self.pace.pause(origin)
                answer, onward = self._request(url, ROBOTS_BYTES, {}, truncate=True)
                if onward is None:
                    return Protego.parse(answer.body.decode("utf-8", "replace"))
                url = onward
        except (PassingError, RefusedError, StopError):
            raise  # the rules exist and cannot be read, or there is no more time to
        except CrawlError:
            return Protego.parse("")
        raise CrawlError(f"{origin}/robots.txt: more than {REDIRECTS} redirects, one after the other")

    def _request(
        self, url: str, limit: int, headers: dict[str, str], *, truncate: bool = False
    ) -> tuple[Answer, str | None]:
        """Ask once; return the answer, or where it is to be found. truncate: a longer body is no error."""
        seconds = min(self.options.file_seconds, self.pace.time_left())
        timeout = min(self.options.timeout, seconds)
        with self._deadline(seconds) as late:
            try:
                with self._session.get(
                    url, headers=headers, stream=True, allow_redirects=False, timeout=(timeout, timeout)
                ) as response:
                    if response.status_code in BUSY:
                        self.pace.slow_down(_origin(url))
                    onward = redirect_of(url, response, sys.maxsize if truncate else limit)
                    if onward is not None or response.status_code == requests.codes.not_modified:
                        return Answer(url=url, body=b"", unchanged=onward is None), onward
                    body = read_body(url, response, limit, truncate=truncate)
            except (requests.RequestException, HTTPError, OSError, ValueError) as error:
                self.pace.time_left()
                reason = f"not there after {seconds:.0f} seconds" if late.is_set() else failure_of(error)
                raise PassingError(f"{url}: {reason}") from None
        self._count(len(body))
        if late.is_set():
            self.pace.time_left()
            raise PassingError(f"{url}: not there after {seconds:.0f} seconds")
        charset, validators = charset_of(response), validators_of(response)
        return Answer(url=url, body=body, charset=charset, validators=validators), None

    def _count(self, size: int) -> None:
        self.received += size
        if self.received > self.options.max_bytes:
            raise StopError(f"more than {self.options.max_bytes:,} bytes in all (--max-bytes)")

    @contextmanager
    def _deadline(self, seconds: float) -> Iterator[threading.Event]:
        """Hang up when a file takes too long, even if every single byte comes in time."""
        late = threading.Event()

        def cut() -> None:
            late.set()
            self.guard.hang_up()

        timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), cut)
        timer.daemon = True
        timer.start()
        try:
            yield late
        finally:
            timer.cancel()


def _read_kept(file: Path) -> Answer | None:
    try:
        return read_model(file, Answer)
    except DataError:
        return None  # never seen, or damaged: asked anew


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
