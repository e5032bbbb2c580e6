"""Answers that are pictures: a sample as a file, at once or once it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import Request
from starlette.responses import Response

from colorzoo.core.config import validate
from colorzoo.core.errors import ConfigError
from colorzoo.core.imaging.colored import ColoringRecord
from colorzoo.web.coloring_job import Job, disposition, file_name
from colorzoo.web.coloring_tasks import Coloring, Predict, Predicted
from colorzoo.web.dispatcher import NOW
from colorzoo.web.received_file import Upload
from colorzoo.web.request_schema import GuideBody
from colorzoo.web.server_state import ServerState

MEDIA = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp",
    ".bmp": "image/bmp", ".tif": "image/tiff", ".tiff": "image/tiff",
}  # fmt: skip
ACCEPTED = {media: suffix[1:] for suffix, media in MEDIA.items() if suffix not in (".jpeg", ".tif")}
BINARY = {"schema": {"type": "string", "format": "binary"}}
IMAGE: dict[int | str, dict[str, Any]] = {
    200: {"description": "the picture", "content": {"image/*": BINARY}}
}


async def record_of_sample(
    server: ServerState, job: Job, body: GuideBody, references: Sequence[Upload]
) -> dict[str, Any]:
    """Return how a sample under guidance is made."""
    coloring = server.jobs.guided(server.jobs.page(job, body), body, references)
    made: Predicted = await server.dispatcher.ask(Predict(coloring), job.pages[body.picture].upload.id, NOW)
    return validate(ColoringRecord, {**made.record, "sample": body.sample}, "record").model_dump(
        mode="json"
    )


async def file_answer(
    server: ServerState, job: Job, body: GuideBody, coloring: Coloring | None = None
) -> Response:
    """Return a sample as a file; coloring: under other guidance than the job's own."""
    data = await server.jobs.rendered(job, body, coloring)
    page = server.jobs.page(job, body)
    suffix = server.jobs.suffix(page, body)
    answer = picture_answer(data, suffix)
    if body.side is None:
        answer.headers["Content-Disposition"] = disposition(
            file_name(page.upload, job, body.sample, suffix)
        )
    return answer


def picture_answer(data: bytes, suffix: str) -> Response:
    """Return the bytes of a picture by their media type."""
    media = "image/png" if data.startswith(b"\x89PNG") else MEDIA[suffix]
    return Response(data, media_type=media)


async def direct_answer(request: Request, server: ServerState, job: Job) -> Response:
    """Answer with the picture itself; a client that goes away stops it."""
    if len(job.pages) != 1:
        raise ConfigError(f"Accept: image/*: got {len(job.pages)} pictures, expected one")
    wanted = ACCEPTED.get(request.headers["accept"].partition(",")[0].partition(";")[0].strip())
    body = GuideBody.model_validate({"job": job.id, "format": wanted})
    with server.jobs.direct_request():
        work = asyncio.ensure_future(file_answer(server, job, body))
        gone = asyncio.ensure_future(_gone(request))
        await asyncio.wait([work, gone], return_when=asyncio.FIRST_COMPLETED)
        gone.cancel()
        if not work.done():
            work.cancel()
            return Response(status_code=499)
        answer = work.result()
    answer.headers["Colorzoo-Model"] = str(job.model.name)
    answer.headers["Colorzoo-Seed"] = str(job.pages[0].coloring.options["seed"])
    return answer


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
