"""What the routes of a server share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from colorzoo.web.blind_test import BlindTest
from colorzoo.web.dispatcher import Dispatcher
from colorzoo.web.job_table import JobTable
from colorzoo.web.offered_models import OfferedModels
from colorzoo.web.serve_settings import ServeSettings
from colorzoo.web.server_metrics import ServerMetrics
from colorzoo.web.upload_store import UploadStore

if TYPE_CHECKING:
    from pathlib import Path

SWEEP_EVERY = 20.0


@dataclass
class ServerState:
    """Settings, models, uploads, processes and jobs of one server; report: a comparison that it shows."""

    settings: ServeSettings
    report: Path | None = None
    models: OfferedModels = field(init=False)
    uploads: UploadStore = field(init=False)
    dispatcher: Dispatcher = field(init=False)
    jobs: JobTable = field(init=False)
    metrics: ServerMetrics = field(default_factory=ServerMetrics)
    blind: BlindTest | None = None

    def __post_init__(self) -> None:
        self.models = OfferedModels(self.settings)
        self.blind = BlindTest(self.report) if self.report else None
        self.dispatcher = Dispatcher(self.settings)

    def open(self) -> None:
        """Take a folder and start the processes."""
        self.uploads = UploadStore(self.settings)
        self.jobs = JobTable(self.settings, self.models, self.uploads, self.dispatcher)
        self.metrics.watch(self)
        self.dispatcher.start(self.uploads.folder)

    def close(self) -> None:
        """Leave nothing behind."""
        self.dispatcher.stop()
        self.uploads.close()

    async def sweep(self) -> None:
        """Drop what is old, for as long as the server runs."""
        while True:
            await asyncio.sleep(min(SWEEP_EVERY, self.settings.keep))
            self.jobs.sweep()
            self.uploads.sweep()
