"""The pictures of requests, from forms and from JSON."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from io import BytesIO
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from colorzoo.core.config import validate
from colorzoo.core.errors import ConfigError
from colorzoo.web.form_fields import PICTURE, REFERENCE, body_of, files_of
from colorzoo.web.request_schema import ColorizeBody, PictureRef
from colorzoo.web.server_state import ServerState
from colorzoo.web.upload_store import TooLargeError, Upload


def state_of(request: Request) -> ServerState:
    """Return what the application was made with."""
    state: ServerState = request.app.state.server
    return state


State = Annotated[ServerState, Depends(state_of)]


async def asked(request: Request, server: ServerState) -> tuple[ColorizeBody, list[Upload], list[Upload]]:
    """Return a request to colour, its pictures and its references, from a form or from JSON."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=server.settings.frames, max_fields=300) as form:
            uploads = await stored(server, files_of(form, PICTURE))
            references = await stored(server, files_of(form, REFERENCE))
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
    if len(body.pictures) > server.settings.frames:
        raise TooLargeError(f"{len(body.pictures)} pictures, at most {server.settings.frames} are taken")
    return body, await referred(server, body.pictures), await referred(server, body.guidance.references)


async def stored(server: ServerState, files: Sequence[Any]) -> list[Upload]:
    """Keep the files of a form, as far as they are pictures.

    Raises:
        TooLargeError: they are too many.
        ImageError: one is no picture.
    """
    uploads: list[Upload] = []
    for one in files:
        uploads += await run_in_threadpool(server.uploads.add, one.filename or "picture", one.file)
    if len(uploads) > server.settings.frames:
        raise TooLargeError(f"{len(uploads)} pictures, at most {server.settings.frames} are taken")
    return uploads


async def referred(server: ServerState, refs: Sequence[PictureRef]) -> list[Upload]:
    """Return the pictures that JSON names or brings."""
    uploads: list[Upload] = []
    for ref in refs:
        if (ref.id is None) == (ref.data is None):
            raise ConfigError("a picture: expected either id or data")
        if ref.id is not None:
            uploads.append(server.uploads.get(ref.id))
        else:
            uploads += await run_in_threadpool(
                server.uploads.add, ref.name, BytesIO(decoded(str(ref.data)))
            )
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
