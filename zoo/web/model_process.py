"""The process of the models: takes tasks and gives answers; nothing of the network reaches it."""

from __future__ import annotations

import signal
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path

import torch

from colorzoo.core.inference.memory import keep_blocks, release_free_memory
from colorzoo.core.jobs.workers import end_with_the_parent
from colorzoo.web.book_reader import bound_books
from colorzoo.web.model_answers import Models
from colorzoo.web.serve_settings import ServeSettings

IDLE = 1.0
"""Seconds without a task after which free memory goes back."""


def serve_models(connection: Connection, settings: ServeSettings, folder: Path) -> None:
    """Answer lists of tasks by lists of answers until the other end is gone; folder: of the server."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_the_parent()
    keep_blocks()  # what is free goes back when there is nothing to do
    if settings.threads:
        torch.set_num_threads(settings.threads)
    tempfile.tempdir = str(folder)  # what a kill leaves is swept with it
    bound_books(settings)
    models = Models(settings)
    connection.send(models.device)
    while True:
        try:
            if not connection.poll(IDLE):
                models.books.close_gone()
                release_free_memory()  # handing every block back at once would halve the speed
            tasks = connection.recv()
            connection.send(models.answers(tasks))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return
