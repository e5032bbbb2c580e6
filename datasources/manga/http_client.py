"""Polite HTTP: slow, patient within bounds, and obedient to robots.txt."""

from __future__ import annotations

import hashlib
import math
import random
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
from protego import Protego
from pydantic import ConfigDict
from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
)
from tenacity.wait import wait_exponential_jitter
from urllib3 import Retry
from urllib3.exceptions import HTTPError

from colorzoo.core.config import Strict
from colorzoo.core.errors import DataError
from colorzoo.core.files import atomic_write, read_model
from colorzoo.datasources.manga.crawl_errors import (
    CrawlError,
    LimitError,
    PassingError,
    RefusedError,
    StopError,
)
from colorzoo.datasources.manga.crawl_options import CrawlOptions
from colorzoo.datasources.manga.network_guard import Guard

AGENT = "colorzoo"
HOME = "+https://pypi.org/project/colorzoo"
BUSY = (408, 425, 429, 500, 502, 503, 504)
REDIRECTS, ROBOTS_BYTES, CHUNK = 5, 500_000, 1 << 16
MAX_DELAY_SECONDS = 60.0
"""Longest pause between two requests, in seconds, that a site can bring about by saying it is busy."""


class Answer(Strict):
    """What came back: body, where from, and what to ask with next time. unchanged: a 304."""

    url: str
    body: bytes
    charset: str | None = None
    validators: Mapping[str, str] = {}
    unchanged: bool = False

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")


class Web:
    """Fetches addresses one after the other, each host at its own pace."""

    def __init__(self, guard: Guard, options: CrawlOptions) -> None:
        self.guard, self.options = guard, options
        self.received = 0
        minutes = options.max_minutes
        self._end = time.monotonic() + 60 * minutes if minutes is not None else math.inf
        self.memory: Path | None = None
        """Folder in which pages are remembered, if any, to ask whether they have changed."""
        self._session = requests.Session()
        self._session.trust_env = False  # through a proxy, nobody could see where a name leads
        self._session.headers["User-Agent"] = f"{AGENT} ({HOME})"
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, guard.adapter())
        self._robots: dict[str, Protego] = {}
        self._last: dict[str, float] = {}
        self._slower: dict[str, float] = {}

    def get(self, url: str, limit: int, headers: Mapping[str, str] | None = None) -> Answer:
        """Fetch one address, following redirects, trying again what may pass.

        limit: largest body in bytes. Raises RefusedError for what must not be fetched, StopError when the
        site asks for a longer pause than patience, CrawlError when it fails for good.
        """
        retrying = Retrying(
            retry=retry_if_exception_type(PassingError),
            stop=stop_after_attempt(self.options.tries) | stop_before_delay(self.options.patience),
            wait=self._wait,
            sleep=self._sleep,
            reraise=True,
        )
        answer: Answer = retrying(self._follow, url, limit, dict(headers or {}))
        return answer

    def page(self, url: str, limit: int, headers: Mapping[str, str] | None = None) -> Answer:
        """Fetch a page that leads on; one remembered from the last time is only asked about."""
        memo = self.memory and self.memory / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.json"
        before = _remembered(memo) if memo else None
        answer = self.get(url, limit, {**(headers or {}), **(before.validators if before else {})})
        if answer.unchanged and before:
            return before
        if memo and answer.validators:
            with atomic_write(memo) as file:
                file.write(answer.model_dump_json().encode())
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def time_left(self) -> float:
        """Return the seconds left of what the user gives; LimitError when they are over."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise LimitError(f"{self.options.max_minutes:g} minutes are over, as --max-minutes asks")
        return left

    def _sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, self.time_left()))
        self.time_left()

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait if isinstance(error, PassingError) else 0
        if asked > self.options.patience:
            raise StopError(
                f"{error}; the site asks to wait {asked:.0f} seconds. Run the same command again "
                "after that: it goes on where it is, and a longer --delay keeps the site content"
            )
        return max(
            asked, wait_exponential_jitter(multiplier=self.options.backoff, max=MAX_DELAY_SECONDS)(state)
        )

    def _follow(self, url: str, limit: int, headers: dict[str, str]) -> Answer:
        for _ in range(REDIRECTS + 1):
            self.guard.check(url)
            self._obey(url)
            answer, onward = self._once(url, limit, headers)
            if onward is None:
                return answer
            url = onward
        raise CrawlError(f"{url}: more than {REDIRECTS} redirects, one after the other")

    def _obey(self, url: str) -> None:
        """Refuse what the host's robots.txt forbids; pause as long as it and the user want."""
        place = _origin(url)
        if place not in self._robots:
            self._robots[place] = self._read_robots(place)
        rules = self._robots[place]
        if not rules.can_fetch(url, AGENT):
            raise RefusedError(f"{url}: forbidden to crawlers by {place}/robots.txt")
        self._pause(place, max(self.options.delay, min(rules.crawl_delay(AGENT) or 0, MAX_DELAY_SECONDS)))

    def _pause(self, place: str, delay: float) -> None:
        delay = max(delay, self._slower.get(place, 0)) * random.uniform(1, 1 + self.options.jitter)
        rest = self._last.get(place, -delay) + delay - time.monotonic()
        if rest > 0:
            self._sleep(rest)
        self._last[place] = time.monotonic()

    def _read_robots(self, place: str) -> Protego:
        """Return a host's rules (RFC 9309): none if it has no file, nothing allowed if it cannot say."""
        url = f"{place}/robots.txt"
        try:
            for _ in range(REDIRECTS + 1):
                self.guard.check(url)
                self._pause(place, self.options.delay)
                answer, onward = self._once(url, ROBOTS_BYTES, {}, whole=False)
                if onward is None:
                    return Protego.parse(answer.body.decode("utf-8", "replace"))
                url = onward
        except (PassingError, RefusedError, StopError):
            raise  # the rules exist and cannot be read, or there is no more time to
        except CrawlError:
            return Protego.parse("")
        raise CrawlError(f"{place}/robots.txt: more than {REDIRECTS} redirects, one after the other")

    def _once(
        self, url: str, limit: int, headers: dict[str, str], whole: bool = True
    ) -> tuple[Answer, str | None]:
        """Ask once; return the answer, or where it is to be found. whole: more than limit is an error."""
        seconds = min(self.options.file_seconds, self.time_left())
        timeout = min(self.options.timeout, seconds)
        with self._deadline(seconds) as late:
            try:
                with self._session.get(
                    url,
                    headers=headers,
                    stream=True,
                    allow_redirects=False,
                    timeout=(timeout, timeout),
                ) as response:
                    onward = self._judge(url, response, limit if whole else sys.maxsize)
                    if onward is not None or response.status_code == requests.codes.not_modified:
                        return Answer(url=url, body=b"", unchanged=onward is None), onward
                    body = self._read(url, response, limit, whole)
            except (requests.RequestException, HTTPError, OSError, ValueError) as error:
                self.time_left()
                reason = f"not there after {seconds:.0f} seconds" if late.is_set() else _reason(error)
                raise PassingError(f"{url}: {reason}") from None
        if late.is_set():
            self.time_left()
            raise PassingError(f"{url}: not there after {seconds:.0f} seconds")
        charset, validators = _charset(response), _validators(response)
        return Answer(url=url, body=body, charset=charset, validators=validators), None

    def _judge(self, url: str, response: requests.Response, limit: int) -> str | None:
        """Return where a redirect leads, None for an answer to read; raise for anything else."""
        status = response.status_code
        if status in BUSY:
            self._slow_down(_origin(url))
            asked = response.headers.get("Retry-After")
            raise PassingError(f"{url}: the server is busy ({status})", _seconds(asked))
        if response.is_redirect:
            return urljoin(url, response.headers["Location"])
        if status not in (requests.codes.ok, requests.codes.not_modified):
            raise CrawlError(f"{url}: the server answers {status} {response.reason}")
        stated = response.headers.get("Content-Length", "")
        if stated.isdigit() and int(stated) > limit:
            raise RefusedError(f"{url}: {int(stated):,} bytes, at most {limit:,} are fetched")
        return None

    def _read(self, url: str, response: requests.Response, limit: int, whole: bool) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(CHUNK):
            body += chunk
            if len(body) > limit and whole:
                raise RefusedError(f"{url}: more than {limit:,} bytes")
            if len(body) > limit:
                return bytes(body[:limit])
        stated = response.headers.get("Content-Length", "")
        encoded = "Content-Encoding" in response.headers
        if stated.isdigit() and not encoded and len(body) != int(stated):
            raise PassingError(f"{url}: {len(body):,} of {stated} bytes came")
        self.received += len(body)
        if self.received > self.options.max_bytes:
            raise StopError(f"more than {self.options.max_bytes:,} bytes in all (--max-bytes)")
        return bytes(body)

    def _slow_down(self, place: str) -> None:
        now = max(self._slower.get(place, 0), self.options.delay)
        self._slower[place] = min(2 * now, MAX_DELAY_SECONDS)

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


def _remembered(memo: Path) -> Answer | None:
    try:
        return read_model(memo, Answer)
    except DataError:
        return None  # never seen, or damaged: asked anew


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _seconds(asked: str | None) -> float:
    """Return what Retry-After says, a number or a date, in seconds."""
    try:
        return float(Retry().parse_retry_after(asked)) if asked else 0
    except HTTPError:
        return 0


def _charset(response: requests.Response) -> str | None:
    """Return the encoding the header states; requests' guess for plain text/html would hide <meta>."""
    stated = "charset" in response.headers.get("Content-Type", "").lower()
    return response.encoding if stated else None


def _validators(response: requests.Response) -> dict[str, str]:
    """Return the headers that ask next time whether anything has changed."""
    pairs = {"If-None-Match": "ETag", "If-Modified-Since": "Last-Modified"}
    return {ask: response.headers[told] for ask, told in pairs.items() if told in response.headers}


def _reason(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return "the answer broke off"
