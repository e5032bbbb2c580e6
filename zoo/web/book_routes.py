"""Books back as they came: the file that `colorzoo run` writes, with the colours that were chosen."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from colorzoo.core.errors import ConfigError
from colorzoo.jobs.opening import container_suffix
from colorzoo.web.coloring_job import Job, disposition
from colorzoo.web.coloring_tasks import Coloring, WriteBook
from colorzoo.web.dispatcher import SOON
from colorzoo.web.model_lane import QueueFullError
from colorzoo.web.received_file import Book
from colorzoo.web.request_pictures import State
from colorzoo.web.request_schema import GuideBody
from colorzoo.web.server_state import ServerState
from colorzoo.web.upload_store import Workspace

BLOCK = 2**18
BINARY: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        "description": "the book",
    }
}
router = APIRouter()


class ChosenPage(NamedTuple):
    """A sample that goes into a book, with what its colours depend on."""

    job: Job
    body: GuideBody
    coloring: Coloring


@router.get("/v1/jobs/{job_id}/book", response_class=StreamingResponse, responses=BINARY)
async def job_book(job_id: str, request: Request, server: State) -> Response:
    """Give the book whose pages a job has coloured, as `colorzoo run` writes it; other pages stay."""
    job = server.jobs.get(job_id)
    if not job.finished:
        raise ConfigError(f"the job is {job.status}; ask for its book once it is done")
    bodies = [GuideBody(job=job.id, picture=index) for index in range(len(job.pages))]
    chosen = [
        ChosenPage(job, body, page.coloring)
        for body, page in zip(bodies, job.pages, strict=True)
        if page.status == "done"
    ]
    return await book_answer(request, server, chosen, job)


async def book_answer(
    request: Request, server: ServerState, chosen: Sequence[ChosenPage], job: Job | None = None
) -> Response:
    """Return a book with chosen samples in place of its pages; a client that goes away stops it.

    Raises:
        ConfigError: the samples are not of the pages of one book.
        ColorzooError: it cannot be written.
    """
    if server.jobs.unfinished >= server.settings.queue:
        raise QueueFullError("too much is waiting here; try again in a while")
    job = job or chosen[0].job
    book = _book_of(job, chosen)
    stem = book.stored.name[: -len(container_suffix(book.stored.name)) or None]
    with server.jobs.direct_request(), server.uploads.workspace() as work:
        pages: list[Path | None] = [None] * (1 + max(page.stored.page or 0 for page in book.pages))
        for one in chosen:
            if await request.is_disconnected():
                return Response(status_code=499)
            await _put(server, work, pages, one)
        task = WriteBook(book.stored, tuple(pages), work.folder / "book")
        await server.dispatcher.ask(task, book.id, SOON)
        return whole_file(task.target, f"{stem}-{job.model.name}{book.ending}")


def whole_file(path: Path, name: str) -> StreamingResponse:
    """Return a file that may be deleted while it is sent."""
    file = path.open("rb")
    media = mimetypes.guess_type(name)[0] or "application/octet-stream"
    headers = {"Content-Disposition": disposition(name), "Content-Length": str(path.stat().st_size)}
    return StreamingResponse(_blocks(file), media_type=media, headers=headers)


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while block := file.read(BLOCK):
            yield block


def _book_of(job: Job, chosen: Sequence[ChosenPage]) -> Book:
    """Return the one book that pages are of."""
    pages = [one.job.pages[one.body.picture] for one in chosen] or job.pages
    books = {page.upload.book.id: page.upload.book for page in pages if page.upload.book}
    if len(books) != 1 or not all(page.upload.book for page in pages):
        raise ConfigError(f"book: got pictures of {len(books)} books, expected the pages of one")
    (book,) = books.values()
    if not book.pages:
        raise ConfigError("the book is not held any more: send it again")
    return book


async def _put(server: ServerState, work: Workspace, pages: list[Path | None], one: ChosenPage) -> None:
    """Render a sample as the file that its page gets its pixels from."""
    number = one.job.pages[one.body.picture].upload.stored.page or 0
    body = one.body.model_copy(update={"format": "png", "side": None})
    data = await server.jobs.rendered(one.job, body, one.coloring, SOON)
    pages[number] = await run_in_threadpool(work.add, f"{number}.png", data)
