"""The process of the models: predicts, renders, and answers; nothing of the network reaches it."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Sequence
from io import BytesIO
from multiprocessing.connection import Connection

import torch
from torch import Tensor

from colorzoo.api import load
from colorzoo.core import devices
from colorzoo.core.config import validate
from colorzoo.core.errors import ColorzooError, HubError, WeightsError
from colorzoo.core.guidance.chapter import table_of_pages
from colorzoo.core.guidance.correspondence import SIDE, Cells
from colorzoo.core.guidance.reference import as_reference
from colorzoo.core.imaging.colored import ColoringRecord
from colorzoo.core.imaging.image_io import Picture, encode, read, read_reduced
from colorzoo.core.imaging.picture import to_eight_bits
from colorzoo.core.inference.colorize import predict_many
from colorzoo.core.inference.memory import release_free_memory
from colorzoo.core.inference.prediction import Prediction
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.core.jobs.workers import end_with_the_parent
from colorzoo.jobs.in_memory import record_of
from colorzoo.jobs.models import suited
from colorzoo.jobs.picture_domain import look
from colorzoo.web.coloring_tasks import (
    Coloring,
    Failed,
    Original,
    Predict,
    Predicted,
    Render,
    StoredPicture,
    Suit,
    Task,
)
from colorzoo.web.model_cache import ModelCache, SizedCache, of_sample, reduced, reduced_picture
from colorzoo.web.serve_settings import MEGABYTE, ServeSettings

LOOK_QUALITY = 92
"""Of a JPEG that is made for a look at a picture, not to be kept."""
KEPT = 32
"""References, and tables of books."""
HINTS = frozenset({"hints"})
IDLE = 1.0
"""Seconds without a task after which free memory goes back."""
LARGE = 2**22
"""Pixels after which memory is worth handing back."""


def serve_models(connection: Connection, settings: ServeSettings) -> None:
    """Answer lists of tasks by lists of answers until the other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_the_parent()
    if settings.threads:
        torch.set_num_threads(settings.threads)
    models = Models(settings)
    connection.send(models.device)
    while True:
        try:
            if not connection.poll(IDLE):
                release_free_memory()  # handing every block back at once would halve the speed
            tasks = connection.recv()
            connection.send(models.answers(tasks))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return


class Models:
    """The models of one process, and what they predicted."""

    def __init__(self, settings: ServeSettings) -> None:
        self.settings = settings
        self.device = str(devices.resolve(settings.device))
        self.cache = ModelCache(settings.memory * MEGABYTE, self._load)
        self.tables: SizedCache[Cells] = SizedCache()
        self.references: SizedCache[Tensor] = SizedCache()

    def answers(self, tasks: Sequence[Task]) -> list[object]:
        """Return the answer of each task; what goes through a network together must be `alike`."""
        if len(tasks) > 1:
            try:
                self._predict([one.coloring for one in tasks if isinstance(one, Predict | Render)])
            except Exception:  # one of them is at fault: each alone says which
                self.cache.fit()
        return [self.answer(task) for task in tasks]

    def answer(self, task: Task) -> object:
        """Return the answer of a task, or a `Failed`."""
        try:
            if isinstance(task, Predict):
                return self._predicted(task.coloring)
            if isinstance(task, Render):
                return self._rendered(task)
            if isinstance(task, Original):
                picture = reduced_picture(self._picture(task.picture), task.side)
                return _encoded(picture, task.suffix, task.side)
            return self._suited(task)
        except (WeightsError, HubError) as error:  # these name folders of this machine
            print(f"colorzoo: error: {error}", file=sys.stderr, flush=True)
            return Failed(type(error).__name__, "the weights cannot be loaded; the server's log says why")
        except FileNotFoundError:
            return Failed("UnknownNameError", "the picture is not held any more: send it again")
        except ColorzooError as error:
            return Failed(type(error).__name__, str(error))
        except Exception:
            traceback.print_exc()
            return Failed("Exception", "the colorizer failed; the server's log says why")

    def _load(self, name: str, weights: str | None) -> Colorizer:
        return load(name, weights, device=self.device)

    def _suited(self, task: Suit) -> tuple[str, str | None]:
        model = suited(look([one.path for one in task.pictures]).domain)
        return model.name, model.weights

    def _predicted(self, coloring: Coloring) -> Predicted:
        prediction = self._prediction(coloring)
        height, width = prediction.picture.size
        record = self._record(coloring).model_dump(mode="json")
        return Predicted(len(prediction.rgb), height, width, record, prediction.picture.notes)

    def _record(self, coloring: Coloring) -> ColoringRecord:
        model = self.cache.model(coloring.model, coloring.weights)
        options = validate(model.Options, coloring.options, "options")
        return record_of(model, options, self._guidance(coloring))

    def _rendered(self, task: Render) -> bytes:
        prediction = self._prediction(task.coloring)
        table = self._table(task.book) if task.book else None
        one = reduced(of_sample(prediction, task.sample), task.side)
        (picture,) = one.pictures(self._guidance(task.coloring), table)
        if picture.pixels.size >= LARGE:
            release_free_memory()
        return _encoded(picture, task.suffix, task.side, self._record(task.coloring).mark)

    def _table(self, book: Sequence[Coloring]) -> Cells:
        """Return what pages agree on, made once."""
        key = tuple(page.key for page in book)
        table = self.tables.get(key)
        if table is None:
            pages = (self._prediction(one).page(self._guidance(one).without(HINTS)) for one in book)
            table = self.tables.put(key, table_of_pages(pages), 1)
            self.tables.shrink(KEPT)
        return table

    def _prediction(self, coloring: Coloring) -> Prediction:
        kept = self.cache.predictions.get(self._key(coloring))
        return kept or self._predict([coloring])[0]

    def _predict(self, colorings: Sequence[Coloring]) -> list[Prediction]:
        """Predict what is not kept yet; all are alike."""
        model = self.cache.model(colorings[0].model, colorings[0].weights)
        new = {self._key(one): one for one in colorings if not self.cache.predictions.get(self._key(one))}
        made = predict_many(
            model, (self._picture(one.picture) for one in new.values()), dict(colorings[0].options),
            [self._guidance(one) for one in new.values()], len(new) or 1,
        )  # fmt: skip
        kept = {key: self.cache.keep(key, prediction) for key, prediction in zip(new, made, strict=True)}
        return [kept.get(key) or self._prediction(one) for one in colorings for key in [self._key(one)]]

    def _key(self, coloring: Coloring) -> str:
        """Return what a prediction depends on: of guidance only what the colorizer itself follows."""
        takes = self.cache.model(coloring.model, coloring.weights).capabilities.takes
        said = {name: value for name, value in coloring.guidance.items() if name in takes}
        told = coloring.references if "references" in takes else ()
        seed = {"seed": coloring.guidance["seed"]} if "seed" in coloring.guidance else {}
        return Coloring(
            coloring.picture, coloring.model, coloring.weights, coloring.options, said | seed, told
        ).key

    def _picture(self, stored: StoredPicture) -> Picture:
        picture = self.cache.pictures.get(stored.digest)
        if picture is None:
            data = BytesIO(stored.path.read_bytes())
            picture = read(data, name=stored.name, max_pixels=self.settings.pixels * 1_000_000)
            self.cache.pictures.put(stored.digest, picture, picture.pixels.nbytes)
            self.cache.fit()
        return picture

    def _guidance(self, coloring: Coloring) -> Guidance:
        references = [self._reference(one) for one in coloring.references]
        return validate(Guidance, {**coloring.guidance, "references": references}, "guidance")

    def _reference(self, stored: StoredPicture) -> Tensor:
        kept = self.references.get(stored.digest)
        if kept is None:
            kept = as_reference(read_reduced(BytesIO(stored.path.read_bytes()), SIDE, name=stored.name)[0])
            self.references.put(stored.digest, kept, 1)
            self.references.shrink(KEPT)
        return kept


def _encoded(picture: Picture, suffix: str, side: int | None, mark: str = "") -> bytes:
    """Return a file: to keep, as `colorzoo run` writes it, or for a look at a side."""
    if side is None:
        return encode(picture, suffix, mark=mark)
    alpha = None if picture.alpha is None else to_eight_bits(picture.alpha)
    look = Picture(picture.rgb, alpha, picture.profile)
    return encode(look, suffix if alpha is None else ".png", quality=LOOK_QUALITY)
