"""HTTP/1.1 as uvicorn speaks it, with an end for those who connect and say nothing, or too slowly."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol


class GuardedProtocol(H11Protocol):
    """A connection whose heads of requests come in time; there are at most so many of them."""

    patience: ClassVar[float] = 10.0
    most: ClassVar[int] = 1024
    waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.most:
            transport.abort()
            return
        self._expect()

    def data_received(self, data: bytes) -> None:
        if self.waiting is None and not self._answers():
            self._expect()
        super().data_received(data)
        if self._answers():
            self._relax()

    def connection_lost(self, exc: Exception | None) -> None:
        self._relax()
        super().connection_lost(exc)

    def _answers(self) -> bool:
        cycle: Any = self.cycle
        return cycle is not None and not cycle.response_complete

    def _expect(self) -> None:
        self.waiting = self.loop.call_later(self.patience, self._late)

    def _relax(self) -> None:
        if self.waiting is not None:
            self.waiting.cancel()
            self.waiting = None

    def _late(self) -> None:
        self.waiting = None
        if not self._answers():
            self.transport.abort()
