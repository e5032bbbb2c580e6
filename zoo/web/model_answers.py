"""What a process of the models answers: it predicts, renders, and reads and writes books."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from io import BytesIO

from torch import Tensor

from colorzoo.api import load
from colorzoo.core import devices
from colorzoo.core.config import validate
from colorzoo.core.errors import ColorzooError, HubError, ImageError, WeightsError
from colorzoo.core.guidance.chapter import table_of_pages
from colorzoo.core.guidance.chapter_file import as_stored
from colorzoo.core.guidance.correspondence import SIDE, Cells
from colorzoo.core.guidance.reference import as_reference
from colorzoo.core.imaging.colored import ColoringRecord
from colorzoo.core.imaging.image_io import Picture, encode, read, read_reduced
from colorzoo.core.imaging.picture import to_eight_bits
from colorzoo.core.inference.colorize import predict_many
from colorzoo.core.inference.memory import release_free_memory
from colorzoo.core.inference.prediction import Prediction
from colorzoo.core.inference.sequence import predict_sequence
from colorzoo.core.interfaces.colorizer import Colorizer
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.jobs.book_pages import has_color
from colorzoo.jobs.in_memory import record_of
from colorzoo.jobs.models import suited
from colorzoo.jobs.picture_domain import look
from colorzoo.web.book_reader import BookReader, FilmPredictions, without_folders
from colorzoo.web.coloring_tasks import (
    Coloring,
    Failed,
    OpenBook,
    Original,
    Predict,
    Predicted,
    Render,
    StoredPicture,
    Suit,
    Task,
    WriteBook,
)
from colorzoo.web.model_cache import ModelCache, SizedCache, of_sample, reduced, reduced_picture
from colorzoo.web.serve_settings import MEGABYTE, ServeSettings

LOOK_QUALITY = 92
"""Of a JPEG that is made for a look at a picture, not to be kept."""
KEPT = 32
"""References, and tables of books."""
HINTS = frozenset({"hints"})
LARGE = 2**22
"""Pixels after which memory is worth handing back."""


class Models:
    """The models of one process, and what they predicted."""

    def __init__(self, settings: ServeSettings) -> None:
        self.settings = settings
        self.device = str(devices.resolve(settings.device))
        self.cache = ModelCache(settings.memory * MEGABYTE, self._load)
        self.tables: SizedCache[Cells] = SizedCache()
        self.references: SizedCache[Tensor] = SizedCache()
        self.books, self.films = BookReader(settings.frames), FilmPredictions()

    def answers(self, tasks: Sequence[Task]) -> list[object]:
        """Return the answer of each task; what goes through a network together must be `alike`."""
        if len(tasks) > 1:
            try:
                together = [one.coloring for one in tasks if isinstance(one, Predict | Render)]
                self._predict([one for one in together if not one.picture.film])
            except Exception:  # one of them is at fault: each alone says which
                self.cache.fit()
        return [self.answer(task) for task in tasks]

    def answer(self, task: Task) -> object:
        """Return the answer of a task, or a `Failed`."""
        try:
            return self._answer(task)
        except (WeightsError, HubError) as error:  # these name folders of this machine
            print(f"colorzoo: error: {error}", file=sys.stderr, flush=True)
            return Failed(type(error).__name__, "the weights cannot be loaded; the server's log says why")
        except FileNotFoundError:
            return Failed("UnknownNameError", "the picture is not held any more: send it again")
        except ColorzooError as error:
            return Failed(type(error).__name__, without_folders(str(error)))
        except Exception:
            traceback.print_exc()
            return Failed("Exception", "the colorizer failed; the server's log says why")

    def _answer(self, task: Task) -> object:
        match task:
            case Predict():
                return self._predicted(task)
            case Render():
                return self._rendered(task)
            case Original():
                picture = reduced_picture(self._picture(task.picture), task.side)
                return _encoded(picture, task.suffix, task.side)
            case OpenBook():
                return self.books.content(task.book.path)
            case WriteBook():
                return self.books.write(task)
            case Suit():
                model = suited(look(task.files, task.books).domain)
                return model.name, model.weights

    def _load(self, name: str, weights: str | None) -> Colorizer:
        return load(name, weights, device=self.device)

    def _predicted(self, task: Predict) -> Predicted:
        coloring = task.coloring
        if task.spare_color and self._has_color(coloring.picture):
            picture = self._picture(coloring.picture)
            return Predicted(0, *picture.size, {}, picture.notes)
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
            table = self.tables.put(key, as_stored(table_of_pages(pages)), 1)
            self.tables.shrink(KEPT)
        return table

    def _prediction(self, coloring: Coloring) -> Prediction:
        kept = self.cache.predictions.get(self._key(coloring))
        if kept or not coloring.picture.film:
            return kept or self._predict([coloring])[0]
        return self._frame(coloring)

    def _frame(self, coloring: Coloring) -> Prediction:
        """Predict a frame, which depends on all before it, and keep it and those."""
        last, predicted = coloring.picture.page or 0, None
        film = self._key(_at_frame(coloring, 0))
        for number, predicted in self.films.until(film, last, partial(self._film, coloring)):
            self.cache.keep(self._key(_at_frame(coloring, number)), predicted)
        if predicted is None:
            raise ImageError(f"{coloring.picture.name}: cannot be read")
        return predicted

    def _film(self, coloring: Coloring) -> Iterator[Prediction]:
        """Yield the predictions of all frames of a film, as `colorzoo run` makes them."""
        model = self.cache.model(coloring.model, coloring.weights)
        guidance = self._guidance(coloring)
        frames = ((picture, guidance) for picture in self.books.frames(coloring.picture.path))
        return predict_sequence(model, frames, dict(coloring.options))

    def _has_color(self, stored: StoredPicture) -> bool:
        """Return whether a page, or most of its film, has colour already."""
        if stored.film:
            return self.books.film_has_color(stored.path)
        return has_color(self._picture(stored))

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
        picture = self.cache.pictures.get(stored.key)
        if picture is None:
            if stored.page is not None:
                picture = self.books.page(stored.path, stored.page)
            else:
                data = BytesIO(stored.path.read_bytes())
                picture = read(data, name=stored.name, max_pixels=self.settings.pixels * 1_000_000)
            self.cache.pictures.put(stored.key, picture, picture.pixels.nbytes)
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


def _at_frame(coloring: Coloring, number: int) -> Coloring:
    return replace(coloring, picture=replace(coloring.picture, page=number))


def _encoded(picture: Picture, suffix: str, side: int | None, mark: str = "") -> bytes:
    """Return a file: to keep, as `colorzoo run` writes it, or for a look at a side."""
    if side is None:
        return encode(picture, suffix, mark=mark)
    alpha = None if picture.alpha is None else to_eight_bits(picture.alpha)
    look = Picture(picture.rgb, alpha, picture.profile)
    return encode(look, suffix if alpha is None else ".png", quality=LOOK_QUALITY)
