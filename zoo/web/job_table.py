"""Jobs: pictures that are coloured one after the other, whose state can be read and waited for."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager

from colorzoo.core.errors import ColorzooError, ConfigError, UnknownNameError, printable
from colorzoo.jobs.models import ModelName
from colorzoo.web.coloring_job import Job, Page
from colorzoo.web.coloring_tasks import Coloring, Predict, Render, Suit
from colorzoo.web.dispatcher import NOW, SOON, Dispatcher
from colorzoo.web.model_lane import QueueFullError
from colorzoo.web.offered_models import OfferedModels
from colorzoo.web.received_file import Upload
from colorzoo.web.request_schema import ColorizeBody, GuideBody, JobBody
from colorzoo.web.serve_settings import ServeSettings
from colorzoo.web.upload_store import UploadStore

HEARTBEAT = 10.0
"""Seconds after which a silent stream of events says that it lives."""


class JobTable:
    """The jobs of a server."""

    def __init__(
        self, settings: ServeSettings, models: OfferedModels, uploads: UploadStore, dispatcher: Dispatcher
    ) -> None:
        self.settings, self.models, self.uploads, self.dispatcher = settings, models, uploads, dispatcher
        self.jobs: dict[str, Job] = {}
        self.direct = 0
        self.slots = asyncio.Semaphore(2 * settings.workers * (settings.batch or 4))

    @property
    def unfinished(self) -> int:
        """How many jobs and direct requests are at work or wait."""
        return sum(not job.finished for job in self.jobs.values()) + self.direct

    def get(self, job_id: str) -> Job:
        """Return a job.

        Raises:
            UnknownNameError: it is not here, or not any more.
        """
        if job_id not in self.jobs:
            raise UnknownNameError("job", printable(job_id, 40), (), "it is not held any more: ask again")
        job = self.jobs[job_id]
        job.used = time.monotonic()
        return job

    def body(self, job: Job) -> JobBody:
        """Return what clients see of a job."""
        before = 0
        for other in self.jobs.values():
            if other is job or job.finished:
                break
            before += not other.finished
        return job.body(before)

    async def prepared(
        self, body: ColorizeBody, uploads: Sequence[Upload], references: Sequence[Upload]
    ) -> Job:
        """Return a job that is checked and not started.

        Raises:
            ColorzooError: something in it cannot be meant.
        """
        if self.unfinished >= self.settings.queue:
            raise QueueFullError(f"{self.unfinished} jobs are waiting; try again in a while")
        model = await self._model(body, uploads)
        options = self.models.options(model.name, body.options).model_dump(mode="json")
        guidance = body.guidance.model_dump(mode="json", exclude_defaults=True, exclude={"references"})
        if options["seed"] is None:
            options["seed"] = secrets.randbelow(2**31)
        told = tuple(one.stored for one in references)
        pages = [Page(one, Coloring(one.stored, *model, options, guidance, told)) for one in uploads]
        shown = self.models.label(model)
        agree = body.consistent and len(pages) > 1 and not any(one.stored.film for one in uploads)
        return Job(secrets.token_urlsafe(16), model, shown, pages, agree, body.recolor)

    async def _model(self, body: ColorizeBody, uploads: Sequence[Upload]) -> ModelName:
        if body.model is None:
            books = dict.fromkeys(one.stored.path for one in uploads if one.book)
            task = Suit(tuple(one.stored.path for one in uploads if not one.book), tuple(books))
            suited = ModelName(*await self.dispatcher.ask(task, uploads[0].id, NOW))
            if suited.name not in self.models.kinds:  # the server offers others: the first that was named
                return self.models.find(next(iter(self.models.kinds)), None)
            return self.models.find(suited.name, suited.weights)
        return self.models.find(body.model, body.weights)

    def start(self, job: Job) -> None:
        """Start a job."""
        self.jobs[job.id] = job
        job.task = asyncio.create_task(self._run(job))

    async def cancel(self, job: Job) -> None:
        """End a job; what is done stays."""
        if not job.finished:
            job.cancelled = True
            if job.task:
                job.task.cancel()
            await job.tell()

    async def _run(self, job: Job) -> None:
        await asyncio.gather(*(self._color(job, page) for page in job.pages), return_exceptions=True)
        await job.tell()

    async def _color(self, job: Job, page: Page) -> None:
        async with self.slots:
            page.status = "running"
            await job.tell()
            try:
                spare = page.upload.book is not None and not job.recolor
                task = Predict(page.coloring, spare)
                page.predicted = await self.dispatcher.ask(task, self._route(job, page), SOON)
                page.status = "done" if page.predicted.samples else "kept"
            except ColorzooError as error:
                page.status, page.error = "failed", str(error)
            except asyncio.CancelledError:
                page.status = "cancelled"
                raise
            await job.tell()

    def _route(self, job: Job, page: Page) -> str:
        if page.upload.book and page.upload.stored.film:
            return page.upload.book.id
        return job.id if job.consistent else page.upload.id

    async def rendered(
        self, job: Job, body: GuideBody, coloring: Coloring | None = None, priority: int = NOW
    ) -> bytes:
        """Return a sample as a file; coloring: under other guidance than the job's own.

        Raises:
            ColorzooError: there is no such sample, or it cannot be rendered.
        """
        page = self.page(job, body)
        page.upload.touch()
        suffix = self.suffix(page, body)
        task = Render(coloring or page.coloring, body.sample, body.side, suffix, job.book)
        data: bytes = await self.dispatcher.ask(task, self._route(job, page), priority)
        return data

    def page(self, job: Job, body: GuideBody) -> Page:
        """Return the picture that is meant.

        Raises:
            ConfigError: there is no such picture or sample.
        """
        if body.picture >= len(job.pages):
            raise ConfigError(f"picture: got {body.picture}, the job has {len(job.pages)}")
        page = job.pages[body.picture]
        samples = int(page.coloring.options["samples"])
        if body.sample >= samples:
            raise ConfigError(f"sample: got {body.sample}, the job has {samples}")
        return page

    def guided(self, page: Page, body: GuideBody, references: Sequence[Upload]) -> Coloring:
        """Return a picture's colouring under other guidance."""
        said = body.guidance.model_dump(mode="json", exclude_defaults=True, exclude={"references"})
        told = tuple(one.stored for one in references)
        old = page.coloring
        return Coloring(old.picture, old.model, old.weights, old.options, said, told)

    def suffix(self, page: Page, body: GuideBody) -> str:
        """Return the ending of the file that is made, with the dot."""
        return f".{body.format}" if body.format else (".jpg" if body.side else page.upload.suffix)

    @contextmanager
    def direct_request(self) -> Iterator[None]:
        """Count what is answered without a job."""
        self.direct += 1
        try:
            yield
        finally:
            self.direct -= 1

    async def changes(self, job: Job) -> AsyncIterator[JobBody | None]:
        """Yield a job as it is and whenever it changes, to its end; None now and then."""
        seen = -1
        while True:
            if job.version != seen:
                seen = job.version
                yield self.body(job)
                if job.finished:
                    return
            async with job.changed:
                try:
                    await asyncio.wait_for(job.changed.wait(), HEARTBEAT)
                except TimeoutError:
                    yield None

    def sweep(self) -> None:
        """Forget finished jobs that nobody asked for in long."""
        oldest = time.monotonic() - self.settings.keep
        for job in [one for one in self.jobs.values() if one.finished and one.used < oldest]:
            del self.jobs[job.id]
