"""The bodies of requests as they arrive: so many bytes of each and of all, in time."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from colorzoo.web.serve_settings import MEGABYTE, ServeSettings

LEAST_RATE = 10_000
"""Bytes a second of a body, below which it is given up."""
SHARE_IN_MEMORY = 4
CLOSE, RETRY = {"Connection": "close"}, {"Retry-After": "2"}


class ArrivingBodies:
    """What the bodies under way hold together: never more than the pictures that are held may."""

    def __init__(self, settings: ServeSettings) -> None:
        self.settings, self.bytes = settings, 0

    def take(self, count: int) -> None:
        """Count bytes.

        Raises:
            HTTPException: they are too many.
        """
        self.bytes += count
        if self.bytes > self.settings.disk * MEGABYTE:
            raise HTTPException(
                429,
                "too much is being sent here at once; try again in a while",
                {"Retry-After": "2", **CLOSE},
            )


class RequestBody:
    """One body of at most so many MB, read by its `receive`; a context manager that counts it meanwhile."""

    def __init__(self, receive: Receive, bodies: ArrivingBodies, most: int) -> None:
        self._receive, self.bodies, self.settings = receive, bodies, bodies.settings
        self.most = most
        self.taken, self.ended, self.start = 0, False, asyncio.get_running_loop().time()

    def __enter__(self) -> RequestBody:
        return self

    def __exit__(self, *_: object) -> None:
        self.bodies.bytes -= self.taken

    async def receive(self) -> Message:
        """Return the next part.

        Raises:
            HTTPException: it comes too slowly, or there is too much.
        """
        if self.ended:
            return await self._receive()  # waits for the client to go
        try:
            async with asyncio.timeout_at(self.start + self.settings.patience + self.taken / LEAST_RATE):
                message = await self._receive()
        except TimeoutError:
            raise HTTPException(408, "the request comes too slowly", CLOSE) from None
        self.ended = not message.get("more_body", False)
        self._count(len(message.get("body", b"")))
        return message

    def _count(self, count: int) -> None:
        self.taken += count
        self.bodies.take(count)
        if self.taken > self.most * MEGABYTE:
            raise HTTPException(413, too_much(self.most), CLOSE)


def most_of(settings: ServeSettings, content_type: str) -> int:
    """Return how many MB a body may have: of forms memory holds little, of all else the whole."""
    is_form = content_type.startswith("multipart/form-data")
    return settings.body if is_form else -(-settings.body // SHARE_IN_MEMORY)


def too_much(most: int) -> str:
    """Say that a body has more than so many MB."""
    return f"more than {most} MB in one request; --max-body raises it"
