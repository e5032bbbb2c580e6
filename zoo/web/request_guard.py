"""Who may ask for what: names in Host and Origin, the token, bytes and time of a body."""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from colorzoo.web.problem_details import problem
from colorzoo.web.request_body import ArrivingBodies, RequestBody, most_of, too_much
from colorzoo.web.serve_settings import MEGABYTE, ServeSettings

POLICY = "; ".join([
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob: data:",
    "connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
])  # fmt: skip
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
READER = "/colorize-image-data"
"""What extensions of readers post to, from the pages of others."""
OPEN = ("/static/", "/healthz", "/favicon.ico")
PAGES = ("/", "/docs", "/blind", "/report")
"""Pages hold no secret: the token is asked for by what they call."""


class RequestGuard:
    """Middleware that refuses, before anything else sees the request."""

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        self.app, self.settings, self.bodies = app, settings, ArrivingBodies(settings)
        self.names = {"localhost", settings.host.lower(), *(name.lower() for name in settings.allow_hosts)}
        if not settings.is_local:
            self.names.add(socket.gethostname().lower())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        scope = self._without_token_in_path(scope)
        origin = self._allowed_origin(headers, scope)
        send = _with_headers(send, origin)
        if refused := self._refused(scope, headers, origin):
            await problem(*refused)(scope, receive, send)
        elif scope["method"] == "OPTIONS" and origin:
            await _preflight(send)
        else:
            with RequestBody(receive, self.bodies, self._most(headers)) as body:
                await self.app(scope, body.receive, send)

    def _refused(self, scope: Scope, headers: Headers, origin: str | None) -> tuple[int, str] | None:
        """Return status and reason where a request is refused."""
        if not self._knows(headers.get("host", "")):
            return 421, "this name is not one of the server's; start it with --allow-host NAME"
        foreign = self._is_foreign(headers)
        if foreign and not origin:
            return 403, "pages of other sites may not ask here; --allow-origin lets readers' extensions do"
        if _number(headers.get("content-length")) > (most := self._most(headers)) * MEGABYTE:
            return 413, too_much(most)
        path = scope["path"]
        is_open = path.startswith(OPEN) or path in PAGES or (origin and scope["method"] == "OPTIONS")
        if self.settings.token and not is_open and not self._has_token(scope, headers):
            return 401, "a token is needed: Authorization: Bearer TOKEN"
        return None

    def _most(self, headers: Headers) -> int:
        return most_of(self.settings, headers.get("content-type", ""))

    def _knows(self, host: str) -> bool:
        """Return whether a Host header is ours. An address cannot be rebound; a name can."""
        name = (urlsplit(f"//{host}").hostname or "") if _is_host(host) else ""
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return name.lower() in self.names
        return address.is_loopback or not self.settings.is_local

    def _is_foreign(self, headers: Headers) -> bool:
        """Return whether a page of another site is behind a request."""
        origin = headers.get("origin")
        if origin is not None:
            return origin.partition("://")[2].lower() != headers.get("host", "").lower()
        cross = headers.get("sec-fetch-site", "none") in ("cross-site", "same-site")
        return cross and headers.get("sec-fetch-mode") != "navigate"

    def _allowed_origin(self, headers: Headers, scope: Scope) -> str | None:
        origin, allowed = headers.get("origin"), self.settings.allow_origins
        if not origin or scope["path"] != READER:
            return None
        return origin if origin in allowed or "*" in allowed else None

    def _has_token(self, scope: Scope, headers: Headers) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        given = given.strip() if scheme.lower() == "bearer" else str(scope.get("path_token", ""))
        return hmac.compare_digest(given.encode(), str(self.settings.token).encode())

    def _without_token_in_path(self, scope: Scope) -> Scope:
        """Take a token out of /t/TOKEN/colorize-image-data: extensions can be told an address alone."""
        parts = scope["path"].split("/", 3)
        if len(parts) == 4 and parts[1] == "t" and f"/{parts[3]}" in (READER, "/"):
            path = f"/{parts[3]}"
            return {**scope, "path": path, "raw_path": path.encode(), "path_token": parts[2]}
        return scope


def _with_headers(send: Send, origin: str | None) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
            if origin:
                headers.update(_cors(origin))
        await send(message)

    return sending


def _cors(origin: str) -> Mapping[str, str]:
    return {
        "Access-Control-Allow-Origin": origin, "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "content-type, authorization", "Vary": "Origin",
        "Access-Control-Allow-Private-Network": "true", "Cross-Origin-Resource-Policy": "cross-origin",
    }  # fmt: skip


async def _preflight(send: Send) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else 0


def _is_host(text: str) -> bool:
    return bool(text) and not set(text) & set("/\\?#@ \t")
