"""The page, its modules and styles: files of this package, and nothing from anywhere else."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

STATIC = Path(__file__).with_name("static")
TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}  # fmt: skip
router = APIRouter(include_in_schema=False)


class StaticFile(NamedTuple):
    """A file of the page, and the headers that it goes with."""

    content: bytes
    headers: dict[str, str]


def _read(path: Path) -> StaticFile:
    content = path.read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"Content-Type": TYPES[path.suffix], "Cache-Control": "no-cache", "ETag": tag}
    return StaticFile(content, headers)


FILES = {path.name: _read(path) for path in STATIC.iterdir() if path.suffix in TYPES}
"""By name, in memory: what a client asks for is looked up, never joined to a path."""


def static_file(name: str, request: Request) -> Response:
    """Return a file of the page, 304 to who has it."""
    if name not in FILES:
        raise HTTPException(404, "no such file")
    content, headers = FILES[name]
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(content, headers=headers)


@router.get("/")
async def index(request: Request) -> Response:
    """Give the page."""
    return static_file("index.html", request)


@router.get("/docs")
async def docs(request: Request) -> Response:
    """Give the reference of the API, made from openapi.json."""
    return static_file("docs.html", request)


@router.get("/favicon.ico")
async def icon(request: Request) -> Response:
    """Give the icon."""
    return static_file("icon.svg", request)


@router.get("/static/{name}")
async def static(name: str, request: Request) -> Response:
    """Give a module, a style or a picture of the page."""
    return static_file(name, request)
