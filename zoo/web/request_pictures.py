"""The pictures of requests, from forms and from JSON."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from io import BytesIO
from typing import IO, Annotated, Any

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from colorzoo.core.config import validate
from colorzoo.core.errors import ConfigError
from colorzoo.web.coloring_tasks import OpenBook
from colorzoo.web.dispatcher import NOW
from colorzoo.web.form_fields import PICTURE, REFERENCE, body_of, files_of
from colorzoo.web.received_file import Upload, may_be_book
from colorzoo.web.request_schema import ColorizeBody, PictureRef
from colorzoo.web.server_state import ServerState
from colorzoo.web.upload_store import TooLargeError


def state_of(request: Request) -> ServerState:
    """Return what the application was made with."""
    state: ServerState = request.app.state.server
    return state


State = Annotated[ServerState, Depends(state_of)]


async def asked(request: Request, server: ServerState) -> tuple[ColorizeBody, list[Upload], list[Upload]]:
    """Return a request to colour, its pictures and its references, from a form or from JSON."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=server.settings.frames, max_fields=300) as form:
            books = not wants_picture(request)
            uploads = await stored(server, files_of(form, PICTURE), books=books)
            references = await stored(server, files_of(form, REFERENCE), books=False)
            if not uploads:
                raise ConfigError("no picture; send one, as curl -F picture=@photo.jpg does")
            return body_of(form, [one.id for one in uploads]), uploads, references
    try:
        values = await request.json()
    except (ValueError, RecursionError):
        raise ConfigError(
            "the body is neither JSON nor a form; curl -F picture=@photo.jpg sends one"
        ) from None
    body = validate(ColorizeBody, values, "request")
    _bound(server, len(body.pictures))
    return body, await referred(server, body.pictures), await referred(server, body.guidance.references)


def wants_picture(request: Request) -> bool:
    """Return whether a client waits for one picture: of a book that is the first one, as with run -o."""
    return request.headers.get("accept", "").startswith("image/")


async def stored(server: ServerState, files: Sequence[Any], *, books: bool = True) -> list[Upload]:
    """Keep the files of a form, pictures and, if they may be, books page by page.

    Raises:
        TooLargeError: they are too many.
        ImageError, DataError: one is no picture and no book.
    """
    uploads: list[Upload] = []
    for one in files:
        uploads += await held(server, one.filename or "picture", one.file, books=books)
        _bound(server, len(uploads))
    return uploads


def _bound(server: ServerState, count: int) -> None:
    if count > server.settings.frames:
        raise TooLargeError.of_pictures("request", count, server.settings.frames)


async def held(server: ServerState, name: str, file: IO[bytes], *, books: bool = True) -> list[Upload]:
    """Keep a picture, or the pages of a book, which a process of the models opens.

    Raises:
        ColorzooError: as in `stored`.
    """
    if not books or not await run_in_threadpool(may_be_book, file):
        return [await run_in_threadpool(server.uploads.add, name, file)]
    book = await run_in_threadpool(server.uploads.add_book, name, file)
    try:
        content = await server.dispatcher.ask(OpenBook(book.stored), book.id, NOW)
        if content is not None:
            return list(server.uploads.add_pages(book, content))
    finally:
        if not book.pages:
            server.uploads.drop(book)
    return [await run_in_threadpool(server.uploads.add, name, file)]


async def referred(server: ServerState, refs: Sequence[PictureRef]) -> list[Upload]:
    """Return the pictures that JSON names or brings."""
    uploads: list[Upload] = []
    for ref in refs:
        if (ref.id is None) == (ref.data is None):
            raise ConfigError("a picture: expected either id or data")
        if ref.id is not None:
            uploads.append(server.uploads.get(ref.id))
        else:
            uploads += await held(server, ref.name, BytesIO(decoded(str(ref.data))))
    return uploads


def decoded(text: str) -> bytes:
    """Return the bytes of base64, or of a data URL.

    Raises:
        ConfigError: it is neither.
    """
    _, comma, rest = text.partition(",")
    try:
        return base64.b64decode(rest if comma else text, validate=False)
    except (binascii.Error, ValueError):
        raise ConfigError("data: expected base64, or a data URL") from None
