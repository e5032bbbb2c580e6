"""Everything at once: samples of several jobs as one zip, each with its record."""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from colorzoo.web.coloring_job import disposition, file_name
from colorzoo.web.picture_answers import record_of_sample
from colorzoo.web.request_pictures import State, referred
from colorzoo.web.request_schema import ExportBody
from colorzoo.web.server_state import ServerState

RECORDS = "records.jsonl"
ZIP: dict[int | str, dict[str, Any]] = {200: {"content": {"application/zip": {}}, "description": "the zip"}}
router = APIRouter()


@router.post("/v1/export", response_class=FileResponse, responses=ZIP)
async def export(body: ExportBody, server: State) -> FileResponse:
    """Give samples as files of one zip, with a line of JSON about each in records.jsonl."""
    path = Path(tempfile.mkstemp(dir=server.uploads.folder, prefix="export-", suffix=".zip")[1])
    try:
        with zipfile.ZipFile(path, "w") as archive:
            await _write(archive, body, server)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    headers = {"Content-Disposition": disposition("colorzoo.zip")}
    return FileResponse(
        path, media_type="application/zip", headers=headers, background=BackgroundTask(path.unlink, True)
    )


async def _write(archive: zipfile.ZipFile, body: ExportBody, server: ServerState) -> None:
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
        await run_in_threadpool(archive.writestr, name, data)
        record = await record_of_sample(server, job, item, references)
        lines.append(json.dumps({"file": name, "picture": page.upload.stored.name, **record}))
    archive.writestr(RECORDS, "\n".join(lines) + "\n")
