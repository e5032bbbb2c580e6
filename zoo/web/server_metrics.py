"""What a server counts, for Prometheus."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

if TYPE_CHECKING:
    from colorzoo.web.server_state import ServerState

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class ServerMetrics:
    """Counters of one server, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "colorzoo_requests", "Requests", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "colorzoo_request_seconds",
            "Time of a request",
            ["route"],
            buckets=BUCKETS,
            registry=self.registry,
        )

    def watch(self, state: ServerState) -> None:
        """Measure what a server holds whenever somebody asks."""
        measured = {
            "colorzoo_jobs_unfinished": ("Jobs that are not finished", lambda: state.jobs.unfinished),
            "colorzoo_tasks_waiting": ("Tasks that wait for the models", lambda: state.dispatcher.waiting),
            "colorzoo_pictures_held": ("Pictures in the folder", lambda: len(state.uploads.uploads)),
            "colorzoo_pictures_bytes": ("Bytes of these", lambda: state.uploads.held),
            "colorzoo_models_ready": ("Whether the models take tasks", lambda: state.dispatcher.ready),
            "colorzoo_models_resident_bytes": (
                "Memory of the models' processes",
                lambda: sum(map(resident_bytes, state.dispatcher.processes)),
            ),
        }  # fmt: skip
        for name, (about, function) in measured.items():
            Gauge(name, about, registry=self.registry).set_function(function)

    def text(self) -> bytes:
        """Return all of them as Prometheus reads them."""
        return generate_latest(self.registry)


class Measured:
    """Middleware that counts requests by the template of their route, which no client can multiply."""

    def __init__(self, app: ASGIApp, metrics: ServerMetrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start, status = time.perf_counter(), 499

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in ("GET", "POST", "DELETE") else "other"
            self.metrics.requests.labels(method, route, status).inc()
            self.metrics.seconds.labels(route).observe(time.perf_counter() - start)


def resident_bytes(process: int) -> int:
    """Return the resident memory of a process, 0 where that cannot be read."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * 4096
