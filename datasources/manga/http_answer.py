"""What comes back over HTTP, checked before it is used: status, size, encoding."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urljoin

import requests
from pydantic import ConfigDict
from urllib3 import Retry
from urllib3.exceptions import HTTPError

from colorzoo.core.config import Strict
from colorzoo.datasources.manga.crawl_errors import CrawlError, PassingError, RefusedError

BUSY = (408, 425, 429, 500, 502, 503, 504)
"""Statuses that may pass."""
CHUNK = 1 << 16


class Answer(Strict):
    """What came back: body, where from, and what to ask with next time. unchanged: a 304."""

    url: str
    body: bytes
    charset: str | None = None
    validators: Mapping[str, str] = {}
    unchanged: bool = False

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")


def redirect_of(url: str, response: requests.Response, limit: int) -> str | None:
    """Return where a redirect leads, None for an answer to read.

    limit: largest body in bytes.

    Raises:
        PassingError: the server is busy.
        RefusedError: the body is larger.
        CrawlError: any other status than 200 or 304.
    """
    status = response.status_code
    if status in BUSY:
        retry_after = _seconds(response.headers.get("Retry-After"))
        raise PassingError(f"{url}: the server is busy ({status})", retry_after)
    if response.is_redirect:
        return urljoin(url, response.headers["Location"])
    if status not in (requests.codes.ok, requests.codes.not_modified):
        raise CrawlError(f"{url}: the server answers {status} {response.reason}")
    length = response.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > limit:
        raise RefusedError(f"{url}: {int(length):,} bytes, at most {limit:,} are fetched")
    return None


def read_body(url: str, response: requests.Response, limit: int, *, truncate: bool = False) -> bytes:
    """Return the body of an answer.

    limit: largest body in bytes; truncate: return so much of a larger one.

    Raises:
        RefusedError: it is larger.
        PassingError: fewer bytes came than the header states.
    """
    body = bytearray()
    for chunk in response.iter_content(CHUNK):
        body += chunk
        if len(body) > limit and not truncate:
            raise RefusedError(f"{url}: more than {limit:,} bytes")
        if len(body) > limit:
            return bytes(body[:limit])
    length = response.headers.get("Content-Length", "")
    encoded = "Content-Encoding" in response.headers
    if length.isdigit() and not encoded and len(body) != int(length):
        raise PassingError(f"{url}: {len(body):,} of {length} bytes came")
    return bytes(body)


def charset_of(response: requests.Response) -> str | None:
    """Return the encoding the header states; requests' guess for plain text/html would hide <meta>."""
    stated = "charset" in response.headers.get("Content-Type", "").lower()
    return response.encoding if stated else None


def validators_of(response: requests.Response) -> dict[str, str]:
    """Return the headers that ask next time whether anything has changed."""
    pairs = {"If-None-Match": "ETag", "If-Modified-Since": "Last-Modified"}
    return {ask: response.headers[name] for ask, name in pairs.items() if name in response.headers}


def failure_of(error: Exception) -> str:
    """Say in a clause why no answer came."""
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return "the answer broke off"


def _seconds(retry_after: str | None) -> float:
    """Return what Retry-After says, a number or a date, in seconds."""
    try:
        return float(Retry().parse_retry_after(retry_after)) if retry_after else 0
    except HTTPError:
        return 0
