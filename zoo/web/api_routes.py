"""The API: /v1, /healthz and /metrics."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import AsyncIterator, Sequence
from io import BytesIO
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse, Response, StreamingResponse

from colorzoo.core.config import validate
from colorzoo.core.errors import ColorzooError, ConfigError, UnknownNameError
from colorzoo.core.imaging.colored import ColoringRecord
from colorzoo.web.coloring_tasks import Coloring, Original, Predict, Predicted
from colorzoo.web.dispatcher import NOW
from colorzoo.web.form_fields import PICTURE, REFERENCE, body_of, files_of
from colorzoo.web.job_table import Job, disposition, file_name
from colorzoo.web.request_schema import (
    FORMATS,
    ColorizeBody,
    GuideBody,
    JobBody,
    ModelsBody,
    PictureRef,
    ProblemBody,
    UploadedPicture,
)
from colorzoo.web.server_state import ServerState
from colorzoo.web.upload_store import TooLargeError, Upload

MEDIA = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp",
    ".bmp": "image/bmp", ".tif": "image/tiff", ".tiff": "image/tiff",
}  # fmt: skip
PROBLEM = {"content": {"application/problem+json": {"schema": ProblemBody.model_json_schema()}}}
router = APIRouter(responses={"4XX": {"description": "a problem (RFC 9457)", **PROBLEM}})
IMAGE = {
    200: {
        "description": "the picture",
        "content": {"image/*": {"schema": {"type": "string", "format": "binary"}}},
    }
}


def state_of(request: Request) -> ServerState:
    """Return what the application was made with."""
    state: ServerState = request.app.state.server
    return state


State = Annotated[ServerState, Depends(state_of)]
Side = Annotated[int | None, Query(ge=16, le=100_000, description="longest side, for a look at it")]


@router.get("/healthz")
async def healthz(server: State) -> dict[str, Any]:
    """Say whether the models take tasks."""
    return {"status": "ok" if server.dispatcher.ready else "starting", "device": server.dispatcher.device}


@router.get("/metrics", response_class=Response)
async def metrics(server: State) -> Response:
    """Give counters to Prometheus."""
    return Response(server.metrics.text(), media_type=CONTENT_TYPE_LATEST)


@router.get("/v1/models")
async def models(server: State) -> ModelsBody:
    """List the colorizers with weights, what they are good for, and their options as JSON schema."""
    import colorzoo

    settings = server.settings
    limits = {name: getattr(settings, name) for name in ("body", "pixels", "frames", "samples")}
    return ModelsBody(
        models=list(server.models.models.values()), suited=server.models.suited(),
        unavailable=server.models.unavailable, limits=limits, version=colorzoo.__version__,
    )  # fmt: skip


@router.get("/v1/models/{name}/weights/{weights}/card", response_class=Response)
async def card(name: str, weights: str, server: State) -> Response:
    """Give the card of weights, as Markdown."""
    text = server.models.card(name, weights) if name in server.models.models else None
    if text is None:
        raise UnknownNameError("card", f"{name[:80]}:{weights[:80]}", ())
    return Response(text, media_type="text/markdown")


FORM = {
    "requestBody": {"content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/ColorizeBody"}},
        "multipart/form-data": {"schema": {
            "type": "object", "required": ["picture"],
            "properties": {
                "picture": {"type": "array", "items": {"type": "string", "format": "binary"}},
                "reference": {"type": "array", "items": {"type": "string", "format": "binary"}},
                "request": {"type": "string", "description": "ColorizeBody as JSON; or plain fields:"},
                "model": {"type": "string"}, "samples": {"type": "integer"}, "seed": {"type": "integer"},
                "hint": {"type": "array", "items": {"type": "string"}, "description": "50%,30%=#c03020"},
            },
        }},
    }},
}  # fmt: skip


@router.post("/v1/colorize", status_code=202, response_model=JobBody, openapi_extra=FORM)
async def colorize(request: Request, server: State) -> Response:
    """Colour pictures: a job, or with `Accept: image/*` the one picture itself, once it is there."""
    before = set(server.uploads.uploads)
    body, uploads, references = await _asked(request, server)
    new = [one for one in (*uploads, *references) if one.id not in before]
    try:
        job = await server.jobs.prepared(body, uploads, references)
    except ColorzooError:
        server.uploads.forget(new)
        raise
    if request.headers.get("accept", "").startswith("image/"):
        try:
            return await _direct(request, server, job)
        finally:
            server.uploads.forget(new)
    server.jobs.start(job)
    return JSONResponse(
        server.jobs.body(job).model_dump(mode="json"), 202, {"Location": f"/v1/jobs/{job.id}"}
    )  # fmt: skip


@router.post("/v1/pictures", openapi_extra={"requestBody": FORM["requestBody"]})
async def upload(request: Request, server: State) -> list[UploadedPicture]:
    """Hold pictures for later requests."""
    async with request.form(max_files=server.settings.frames, max_fields=10) as form:
        uploads = await _stored(server, files_of(form, PICTURE))
    return [
        UploadedPicture(id=one.id, name=one.stored.name, width=one.width, height=one.height)
        for one in uploads
    ]


@router.get("/v1/pictures/{picture}", response_class=Response, responses=IMAGE)
async def original(picture: str, server: State, side: Side = None) -> Response:
    """Give a picture as it came, upright."""
    held = server.uploads.get(picture)
    suffix = ".jpg" if side else held.suffix
    data = await server.dispatcher.ask(Original(held.stored, side, suffix), held.id, NOW)
    return _picture(data, suffix)


@router.get("/v1/jobs/{job_id}")
async def job_state(job_id: str, server: State) -> JobBody:
    """Say how far a job is."""
    return server.jobs.body(server.jobs.get(job_id))


@router.delete("/v1/jobs/{job_id}")
async def cancel(job_id: str, server: State) -> JobBody:
    """End a job; what is done of it stays."""
    job = server.jobs.get(job_id)
    await server.jobs.cancel(job)
    return server.jobs.body(job)


@router.get("/v1/jobs/{job_id}/events", response_class=StreamingResponse)
async def events(job_id: str, server: State) -> StreamingResponse:
    """Tell about a job as server-sent events, each the whole job, to its end."""
    job = server.jobs.get(job_id)

    async def lines() -> AsyncIterator[str]:
        async for body in server.jobs.changes(job):
            yield f"event: job\ndata: {body.model_dump_json()}\n\n" if body else ": waiting\n\n"

    return StreamingResponse(lines(), media_type="text/event-stream")


@router.get("/v1/jobs/{job_id}/files/{number}", response_class=Response, responses=IMAGE)
async def job_file(
    job_id: str, number: int, server: State, side: Side = None, format: FORMATS | None = None
) -> Response:
    """Give a sample of a job: number counts through the samples of its pictures."""
    job = server.jobs.get(job_id)
    picture, sample = job.file(number)
    body = GuideBody(job=job_id, picture=picture, sample=sample, side=side, format=format)
    return await _file(server, job, body)


@router.post("/v1/guide", response_class=Response, responses=IMAGE)
async def guide(body: GuideBody, request: Request, server: State) -> Response:
    """Give a sample under other guidance; only that is computed. `Accept: application/json`: its record."""
    job = server.jobs.get(body.job)
    references = await _referred(server, body.guidance.references)
    if request.headers.get("accept", "").startswith("application/json"):
        return JSONResponse(await record_of_sample(server, job, body, references))
    return await _file(server, job, body, server.jobs.guided(server.jobs.page(job, body), body, references))


async def record_of_sample(
    server: ServerState, job: Job, body: GuideBody, references: Sequence[Upload]
) -> dict[str, Any]:
    """Return how a sample under guidance is made."""
    coloring = server.jobs.guided(server.jobs.page(job, body), body, references)
    made: Predicted = await server.dispatcher.ask(Predict(coloring), job.pages[body.picture].upload.id, NOW)
    return validate(ColoringRecord, {**made.record, "sample": body.sample}, "record").model_dump(
        mode="json"
    )


async def _file(
    server: ServerState, job: Job, body: GuideBody, coloring: Coloring | None = None
) -> Response:
    data = await server.jobs.rendered(job, body, coloring)
    page = server.jobs.page(job, body)
    suffix = server.jobs.suffix(page, body)
    answer = _picture(data, suffix)
    if body.side is None:
        answer.headers["Content-Disposition"] = disposition(
            file_name(page.upload, job, body.sample, suffix)
        )
    return answer


def _picture(data: bytes, suffix: str) -> Response:
    media = "image/png" if data.startswith(b"\x89PNG") else MEDIA[suffix]
    return Response(data, media_type=media)


async def _direct(request: Request, server: ServerState, job: Job) -> Response:
    """Answer with the picture itself; a client that goes away stops it."""
    if len(job.pages) != 1:
        raise ConfigError(f"Accept: image/*: got {len(job.pages)} pictures, expected one")
    formats = {
        "image/jpeg": "jpg",
        "image/webp": "webp",
        "image/png": "png",
        "image/bmp": "bmp",
        "image/tiff": "tiff",
    }
    wanted = formats.get(request.headers["accept"].partition(",")[0].partition(";")[0].strip())
    body = GuideBody.model_validate({"job": job.id, "format": wanted})
    with server.jobs.direct_request():
        work = asyncio.ensure_future(_file(server, job, body))
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


async def _asked(request: Request, server: ServerState) -> tuple[ColorizeBody, list[Upload], list[Upload]]:
    """Return a request to colour, its pictures and its references, from a form or from JSON."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        async with request.form(max_files=server.settings.frames, max_fields=300) as form:
            uploads = await _stored(server, files_of(form, PICTURE))
            references = await _stored(server, files_of(form, REFERENCE))
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
    return body, await _referred(server, body.pictures), await _referred(server, body.guidance.references)


async def _stored(server: ServerState, files: Sequence[Any]) -> list[Upload]:
    parts = [
        await run_in_threadpool(server.uploads.add, one.filename or "picture", one.file) for one in files
    ]
    uploads = [upload for part in parts for upload in part]
    if len(uploads) > server.settings.frames:
        raise TooLargeError(f"{len(uploads)} pictures, at most {server.settings.frames} are taken")
    return uploads


async def _referred(server: ServerState, refs: Sequence[PictureRef]) -> list[Upload]:
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
