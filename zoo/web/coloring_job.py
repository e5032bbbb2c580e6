"""A job: pictures that are coloured one after the other, and how far they are."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote

from colorzoo.core.errors import UnknownNameError
from colorzoo.jobs.models import ModelName
from colorzoo.web.coloring_tasks import Coloring, Predicted
from colorzoo.web.received_file import Upload
from colorzoo.web.request_schema import JobBody, JobPicture

Status = Literal["queued", "running", "done", "failed", "cancelled"]
"""Of a job; a page that has colour already may also be kept."""


@dataclass
class Page:
    """A picture of a job."""

    upload: Upload
    coloring: Coloring
    status: Status | Literal["kept"] = "queued"
    predicted: Predicted | None = None
    error: str | None = None


@dataclass
class Job:
    """What was asked for, and how far it is."""

    id: str
    model: ModelName
    shown_weights: str | None
    pages: list[Page]
    consistent: bool
    recolor: bool = False
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    version: int = 0
    cancelled: bool = False
    used: float = field(default_factory=time.monotonic)
    task: asyncio.Task[None] | None = None

    @property
    def status(self) -> Status:
        """The state of the whole: failed where every picture failed."""
        states = {page.status for page in self.pages}
        if self.cancelled:
            return "cancelled"
        if states & {"queued", "running"}:
            return "queued" if states == {"queued"} else "running"
        return "failed" if states == {"failed"} else "done"

    @property
    def finished(self) -> bool:
        """Whether nothing more will change."""
        return self.status in ("done", "failed", "cancelled")

    @property
    def book(self) -> tuple[Coloring, ...]:
        """The pages that agree, if they do, once all are there."""
        done = (page for page in self.pages if page.status == "done")
        return tuple(page.coloring for page in done) if self.consistent and self.finished else ()

    def body(self, before: int) -> JobBody:
        """Return what clients see."""
        return JobBody(
            id=self.id, status=self.status, model=self.model.name, weights=self.shown_weights,
            options=dict(self.pages[0].coloring.options),
            done=sum(page.status in ("done", "kept", "failed") for page in self.pages),
            total=len(self.pages), kept=sum(page.status == "kept" for page in self.pages),
            before=before, pictures=self._pictures(),
        )  # fmt: skip

    def _pictures(self) -> list[JobPicture]:
        number, shown = 0, []
        for page in self.pages:
            made = page.predicted
            count = made.samples if made else 0
            files = [f"v1/jobs/{self.id}/files/{number + k}" for k in range(count)]
            number += count
            shown.append(JobPicture(
                id=page.upload.id, name=page.upload.stored.name, status=page.status,
                samples=count, files=files,
                width=made.width if made else page.upload.width,
                height=made.height if made else page.upload.height,
                record=dict(made.record) if count and made else None,
                notes=list(made.notes) if made else [], error=page.error,
            ))  # fmt: skip
        return shown

    def file(self, number: int) -> tuple[int, int]:
        """Return picture and sample of the file of a number.

        Raises:
            UnknownNameError: there is none, or not yet.
        """
        left = number
        for index, page in enumerate(self.pages):
            count = page.predicted.samples if page.predicted else 0
            if left < count:
                return index, left
            left -= count
        raise UnknownNameError("file", str(number), (), f"the job is {self.status}")

    async def tell(self) -> None:
        """Wake who waits for a change."""
        async with self.changed:
            self.version += 1
            self.changed.notify_all()


def file_name(upload: Upload, job: Job, sample: int, suffix: str) -> str:
    """Return what a result is called: as `colorzoo run` calls it."""
    stem = upload.stored.name.rpartition(".")[0] or upload.stored.name
    return f"{stem}-{job.model.name}-{sample + 1}{suffix}"


def disposition(name: str) -> str:
    """Return the header that lets a browser save a file by its name."""
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"
