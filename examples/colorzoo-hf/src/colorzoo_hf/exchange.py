"""One question and its answer over HTTP: bounded in time and bytes, no redirect followed, tried again."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from colorzoo.core import ColorzooError
from colorzoo.core.errors import printable

MAX_ANSWER = 64 * 2**20
"""Most bytes of an answer that are read."""
BUSY = (429, 500, 502, 503, 504)
"""Status codes after which the server is asked again."""
LONGEST_PAUSE = 60.0
"""Most seconds between two tries, whatever the server asks for."""


class EndpointError(ColorzooError):
    """An endpoint cannot be reached, or answers with something else than a picture."""


class _BusyError(EndpointError):
    """It may do better later."""

    def __init__(self, message: str, pause: float = 0.0) -> None:
        super().__init__(message)
        self.pause = pause


class Question(NamedTuple):
    """What is sent; token: of the bearer, never part of a message."""

    url: str
    method: str = "GET"
    body: bytes = b""
    content_type: str = ""
    token: str = ""


class Answer(NamedTuple):
    """What came back: its media type and bytes."""

    content_type: str
    body: bytes


def ask(question: Question, timeout: float, retries: int, first_pause: float = 0.5) -> Answer:
    """Return the answer to a question, asked again up to `retries` times with doubled pauses.

    timeout: seconds for each try, until the last byte.

    Raises:
        EndpointError: there is none that counts.
    """
    _check_secret(question)
    for attempt in range(retries + 1):
        try:
            return _once(question, timeout)
        except _BusyError as error:
            if attempt == retries:
                raise EndpointError(f"{error}, asked {attempt + 1} times") from None
            time.sleep(min(LONGEST_PAUSE, max(error.pause, first_pause * 2**attempt)))
    raise AssertionError("unreachable")


def token_in(variable: str) -> str:
    """Return the token that an environment variable holds, or none."""
    return os.environ.get(variable, "").strip() if variable else ""


def _check_secret(question: Question) -> None:
    parts = urlsplit(question.url)
    if question.token and parts.scheme != "https" and not _is_this_machine(parts.hostname or ""):
        raise EndpointError(f"{_shown(parts)}: a token is sent by https alone; give an https address")
    if not question.token.isprintable():
        raise EndpointError(f"{_shown(parts)}: the token has characters that no token has")


def _is_this_machine(host: str) -> bool:
    with suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def _shown(parts: SplitResult) -> str:
    """Return an address without its query, which may hold secrets."""
    return printable(f"{parts.scheme}://{parts.netloc}{parts.path}", 120)


def _once(question: Question, timeout: float) -> Answer:
    parts = urlsplit(question.url)
    where, connection = _shown(parts), _connection(parts, timeout)
    late = threading.Event()
    clock = threading.Timer(timeout, lambda: (late.set(), _cut(connection)))
    clock.daemon = True
    clock.start()
    try:
        answer = _exchange(connection, parts, question, where)
    except (OSError, HTTPException, ValueError) as error:
        if late.is_set() or isinstance(error, TimeoutError):
            raise EndpointError(f"{where}: no whole answer within {timeout:g} s; -O timeout=...") from None
        raise _BusyError(f"{where}: {printable(str(error)) or type(error).__name__}") from None
    finally:
        clock.cancel()
        connection.close()
    if late.is_set():
        raise EndpointError(f"{where}: no whole answer within {timeout:g} s; -O timeout=...")
    return answer


def _connection(parts: SplitResult, timeout: float) -> HTTPConnection:
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "https":
        return HTTPSConnection(host, port, timeout=timeout, context=ssl.create_default_context())
    return HTTPConnection(host, port, timeout=timeout)


def _cut(connection: HTTPConnection) -> None:
    """End a connection under whoever reads from it."""
    if connection.sock is not None:
        with suppress(OSError):
            connection.sock.shutdown(socket.SHUT_RDWR)


def _exchange(connection: HTTPConnection, parts: SplitResult, question: Question, where: str) -> Answer:
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request(question.method, path, question.body or None, _headers(question))
    sock = connection.sock  # the connection forgets it when the answer ends with it
    with connection.getresponse() as answer:
        connection.sock = connection.sock or sock
        _check_status(answer.status, answer.headers, where)
        if answer.status != 200:
            said = answer.read1(1000).decode(errors="replace").replace(question.token or "\0", "...")
            raise EndpointError(
                f"{where}: answers {answer.status}, expected a picture: {printable(said, 160)}"
            )
        return Answer(answer.headers.get_content_type(), _bounded(answer, where))


def _bounded(answer: HTTPResponse, where: str) -> bytes:
    """Return the body of an answer, read as it comes."""
    body, claimed = bytearray(), int(answer.headers.get("Content-Length") or 0)
    while claimed <= MAX_ANSWER and (part := answer.read1(2**16)):
        body += part
        claimed = max(claimed, len(body))
    if claimed > MAX_ANSWER:
        raise EndpointError(f"{where}: answers with more than {MAX_ANSWER >> 20} MiB, which is not read")
    if answer.length:
        raise _BusyError(f"{where}: the answer ends {answer.length:,} bytes too early")
    return bytes(body)


def _headers(question: Question) -> dict[str, str]:
    headers = {"Accept": "image/png, image/*, application/json", "Accept-Encoding": "identity",
               "User-Agent": "colorzoo"}  # fmt: skip
    if question.content_type:
        headers["Content-Type"] = question.content_type
    if question.token:
        headers["Authorization"] = f"Bearer {question.token}"
    return headers


def _check_status(status: int, headers: Mapping[str, str], where: str) -> None:
    """Raise unless the answer is one.

    Raises:
        EndpointError: it is a redirect, which may lead anywhere with the token, or a refusal.
    """
    if 300 <= status < 400:
        target = printable(headers.get("Location") or "nowhere", 120)
        raise EndpointError(f"{where}: redirects to {target}; give that address if you trust it")
    if status in BUSY:
        pause = headers.get("Retry-After") or ""
        raise _BusyError(f"{where}: answers {status}", float(pause) if pause.isdecimal() else 0.0)
    if status in (401, 403):
        raise EndpointError(f"{where}: answers {status}; set the environment variable of the token")
    if (headers.get("Content-Encoding") or "identity") != "identity":
        raise EndpointError(f"{where}: answers compressed, which it was not asked for")
