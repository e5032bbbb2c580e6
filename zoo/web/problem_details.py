"""Errors as RFC 9457 problem details: a line for people, a type for programs, no traceback, no path."""

from __future__ import annotations

import json
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from colorzoo.core.errors import (
    ColorzooError,
    ConfigError,
    DataError,
    ImageError,
    MissingExtraError,
    StoppedError,
    UnknownNameError,
    printable,
)
from colorzoo.web.dispatcher import TaskFailedError
from colorzoo.web.model_lane import ModelProcessError, QueueFullError
from colorzoo.web.upload_store import DiskFullError, TooLargeError

STATUS: dict[str, int] = {
    error.__name__: status
    for error, status in (
        (ImageError, 422), (ConfigError, 422), (DataError, 422), (UnknownNameError, 422),
        (MissingExtraError, 415),
        (StoppedError, 409),
        (TooLargeError, 413), (QueueFullError, 429), (DiskFullError, 429), (ModelProcessError, 503),
    )
}  # fmt: skip
"""The status of an error by its class; what is not here is the server's fault."""
FIELDS = 5


def problem(status: int, detail: str, error: str = "about:blank") -> Response:
    """Return a problem; error: the class it is of."""
    body = {
        "type": error,
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": printable(detail, 1000),
    }
    headers = {"Retry-After": "2"} if status in (429, 503) else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(json.dumps(body), status, headers, "application/problem+json")


def of_error(error: ColorzooError) -> Response:
    """Return the problem that an error is."""
    name = error.error if isinstance(error, TaskFailedError) else type(error).__name__
    return problem(STATUS.get(name, 500), str(error), f"urn:colorzoo:{name}")


def install(app: FastAPI) -> None:
    """Let every error of an application be a problem."""

    @app.exception_handler(ColorzooError)
    async def colorzoo_error(request: Request, error: ColorzooError) -> Response:
        return of_error(error)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        answer = problem(error.status_code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        parts = [f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors()[:FIELDS]]
        return problem(422, "; ".join(parts), "urn:colorzoo:ConfigError")

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        return problem(500, "the server failed; its log says why")
