"""The page, its modules and styles: files of this package, and nothing from anywhere else."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

STATIC = Path(__file__).with_name("static")
TYPES = {
    ".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}  # fmt: skip
FILES = {path.name: path for path in STATIC.iterdir() if path.suffix in TYPES}
"""By name: what a client asks for is looked up, never joined to a path."""
router = APIRouter(include_in_schema=False)


def static_file(name: str) -> Response:
    """Return a file of the page."""
    if name not in FILES:
        raise HTTPException(404, "no such file")
    return FileResponse(
        FILES[name], media_type=TYPES[FILES[name].suffix], headers={"Cache-Control": "no-cache"}
    )


@router.get("/")
async def index() -> Response:
    """Give the page."""
    return static_file("index.html")


@router.get("/docs")
async def docs() -> Response:
    """Give the reference of the API, made from openapi.json."""
    return static_file("docs.html")


@router.get("/favicon.ico")
async def icon() -> Response:
    """Give the icon."""
    return static_file("icon.svg")


@router.get("/static/{name}")
async def static(name: str) -> Response:
    """Give a module, a style or a picture of the page."""
    return static_file(name)
