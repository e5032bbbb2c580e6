"""The API: /v1, /healthz and /metrics."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse, Response, StreamingResponse

from colorzoo.core.errors import ColorzooError, UnknownNameError
from colorzoo.jobs.opening import container_suffixes
from colorzoo.web.coloring_tasks import Original
from colorzoo.web.dispatcher import NOW
from colorzoo.web.form_fields import PICTURE, files_of
from colorzoo.web.picture_answers import IMAGE, direct_answer, file_answer, picture_answer, record_of_sample
from colorzoo.web.request_pictures import State, asked, referred, stored, wants_picture
from colorzoo.web.request_schema import (
    FORMATS,
    GuideBody,
    JobBody,
    ModelsBody,
    ProblemBody,
    UploadedPicture,
)

PROBLEM = {"content": {"application/problem+json": {"schema": ProblemBody.model_json_schema()}}}
router = APIRouter(responses={"4XX": {"description": "a problem (RFC 9457)", **PROBLEM}})


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
        models=list(server.models.models.values()), books=container_suffixes(),
        suited=server.models.suited(), unavailable=server.models.unavailable,
        limits=limits, version=colorzoo.__version__,
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
    body, uploads, references = await asked(request, server)
    new = [one for one in (*uploads, *references) if one.id not in before]
    try:
        job = await server.jobs.prepared(body, uploads, references)
    except ColorzooError:
        server.uploads.forget(new)
        raise
    if wants_picture(request):
        try:
            return await direct_answer(request, server, job)
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
        uploads = await stored(server, files_of(form, PICTURE))
    return [
        UploadedPicture(
            id=one.id, name=one.stored.name, width=one.width, height=one.height,
            book=one.book.id if one.book else None,
        )
        for one in uploads
    ]  # fmt: skip


@router.get("/v1/pictures/{picture}", response_class=Response, responses=IMAGE)
async def original(picture: str, server: State, side: Side = None) -> Response:
    """Give a picture as it came, upright."""
    held = server.uploads.get(picture)
    suffix = ".jpg" if side else held.suffix
    data = await server.dispatcher.ask(Original(held.stored, side, suffix), held.id, NOW)
    return picture_answer(data, suffix)


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
    return await file_answer(server, job, body)


@router.post("/v1/guide", response_class=Response, responses=IMAGE)
async def guide(body: GuideBody, request: Request, server: State) -> Response:
    """Give a sample under other guidance; only that is computed. `Accept: application/json`: its record."""
    job = server.jobs.get(body.job)
    references = await referred(server, body.guidance.references)
    if request.headers.get("accept", "").startswith("application/json"):
        return JSONResponse(await record_of_sample(server, job, body, references))
    return await file_answer(
        server, job, body, server.jobs.guided(server.jobs.page(job, body), body, references)
    )
