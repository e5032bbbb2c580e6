"""The application: routes, pages, errors and guards around one server's state."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

import colorzoo
from colorzoo.web import (
    api_routes,
    book_routes,
    export_routes,
    page_routes,
    problem_details,
    reader_extension,
    report_routes,
)
from colorzoo.web.request_guard import RequestGuard
from colorzoo.web.request_schema import ColorizeBody
from colorzoo.web.serve_settings import ServeSettings
from colorzoo.web.server_metrics import Measured
from colorzoo.web.server_state import ServerState


def application(settings: ServeSettings, report: Path | None = None) -> FastAPI:
    """Return the application of a server; its processes start with its lifespan.

    Raises:
        ConfigError, UnknownNameError: the settings name what is not there.
    """
    server = ServerState(settings, report)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        server.open()
        sweeping = asyncio.create_task(server.sweep())
        try:
            yield
        finally:
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping
            server.close()

    app = FastAPI(
        title="colorzoo", version=colorzoo.__version__, lifespan=lifespan, docs_url=None, redoc_url=None,
        description="Colours pictures with any installed colorizer.",
    )  # fmt: skip
    app.state.server = server
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    app.include_router(api_routes.router)
    app.include_router(book_routes.router)
    app.include_router(export_routes.router)
    app.include_router(reader_extension.router)
    app.include_router(page_routes.router)
    app.include_router(report_routes.router)
    problem_details.install(app)
    app.add_middleware(RequestGuard, settings=settings)
    app.add_middleware(Measured, metrics=server.metrics)
    return app


def _described(app: FastAPI) -> dict[str, Any]:
    """Return the description of the API, with the body that comes as JSON or as a form."""
    if app.openapi_schema is None:
        described = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        body = ColorizeBody.model_json_schema(ref_template="#/components/schemas/{model}")
        described["components"]["schemas"] |= body.pop("$defs", {}) | {"ColorizeBody": body}
        app.openapi_schema = described
    return app.openapi_schema
