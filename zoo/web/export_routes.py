"""Everything at once: samples of several jobs as one zip, each with its record."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from colorzoo.web.book_routes import ChosenPage, book_answer, whole_file
from colorzoo.web.coloring_job import file_name
from colorzoo.web.picture_answers import record_of_sample
from colorzoo.web.request_pictures import State, referred
from colorzoo.web.request_schema import ExportBody, GuideBody
from colorzoo.web.server_state import ServerState
from colorzoo.web.upload_store import Workspace

RECORDS = "records.jsonl"
ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}, "description": "the zip"}}
router = APIRouter()


@router.post("/v1/export", response_class=StreamingResponse, responses=ZIP)
async def export(body: ExportBody, request: Request, server: State) -> Response:
    """Give samples as files of one zip, with a line of JSON about each in records.jsonl; or the book."""
    if body.book:
        return await book_answer(request, server, [await _chosen(server, item) for item in body.items])
    with server.jobs.direct_request(), server.uploads.workspace() as work:
        path = work.folder / "colorzoo.zip"
        with zipfile.ZipFile(path, "w") as archive:
            await _write(archive, body, server, work)
        return whole_file(path, "colorzoo.zip")


async def _chosen(server: ServerState, item: GuideBody) -> ChosenPage:
    job, references = server.jobs.get(item.job), await referred(server, item.guidance.references)
    return ChosenPage(job, item, server.jobs.guided(server.jobs.page(job, item), item, references))


async def _write(archive: zipfile.ZipFile, body: ExportBody, server: ServerState, work: Workspace) -> None:
    taken: Counter[str] = Counter()
    lines = []
    for item in body.items:
        job = server.jobs.get(item.job)
        references = await referred(server, item.guidance.references)
        page = server.jobs.page(job, item)
        coloring = server.jobs.guided(page, item, references)
        data = await server.jobs.rendered(job, item, coloring)
        name = file_name(page.upload, job, item.sample, server.jobs.suffix(page, item))
        taken[name] += 1
        if taken[name] > 1:
            stem, _, ending = name.rpartition(".")
            name = f"{stem}~{taken[name]}.{ending}"
        work.take(len(data))
        await run_in_threadpool(archive.writestr, name, data)
        record = await record_of_sample(server, job, item, references)
        lines.append(json.dumps({"file": name, "picture": page.upload.stored.name, **record}))
    archive.writestr(RECORDS, "\n".join(lines) + "\n")
