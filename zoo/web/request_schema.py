"""The bodies of requests and answers: they validate, and describe themselves in OpenAPI."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from colorzoo.core.config import Settings, Strict
from colorzoo.core.interfaces.guidance import Guidance

FORMATS = Literal["png", "jpg", "webp", "bmp", "tiff"]
_LEFT_OUT = {"references", "previous", "extras", "id", "seed"}
"""Fields of Guidance that JSON cannot hold, that only datasets know, or that options say."""


class PictureRef(Settings):
    """A picture: one that was sent before, by id, or the bytes of a file in base64."""

    id: str | None = Field(None, max_length=64)
    data: str | None = Field(None, description="base64, with or without `data:image/png;base64,`")
    name: str = Field("picture", max_length=255, description="what messages and results call it")


class _References(Settings):
    """The pictures whose colours are wanted."""

    references: tuple[PictureRef, ...] = Field((), max_length=8)


_said: dict[str, Any] = {
    name: (Annotated[info.annotation, info], info.default)
    for name, info in Guidance.model_fields.items()
    if name not in _LEFT_OUT
}
GuidanceBody: type[_References] = pydantic.create_model(
    "GuidanceBody",
    __base__=_References,
    __doc__="What is said about the colours of a picture; `references` are pictures.",
    **_said,
)


class ColorizeBody(Settings):
    """What is coloured, by whom, and how."""

    pictures: list[PictureRef] = Field(min_length=1, max_length=1000)
    model: str | None = Field(
        None, max_length=200, description="NAME or NAME:WEIGHTS; none: what suits the pictures"
    )
    weights: str | None = Field(None, max_length=200, description="by name; none: the colorizer's default")
    options: dict[str, Any] = Field({}, description="samples, seed and those of the colorizer")
    guidance: GuidanceBody = Field(default_factory=GuidanceBody)
    consistent: bool = Field(False, description="the pictures are pages whose colours agree; frames do")
    recolor: bool = Field(False, description="colour also the pages of a book that have colour already")


class GuideBody(Settings):
    """A sample of a job under other guidance: no network runs for it."""

    job: str = Field(max_length=64)
    picture: int = Field(0, ge=0, description="which picture of the job")
    sample: int = Field(0, ge=0)
    guidance: GuidanceBody = Field(default_factory=GuidanceBody)
    side: int | None = Field(
        None, ge=16, le=100_000, description="longest side, for a look; none: full size"
    )
    format: FORMATS | None = Field(None, description="none: the one that came in")


class ExportBody(Settings):
    """Samples that go into one zip, each with its record, or into the book whose pages they are of."""

    items: list[GuideBody] = Field(min_length=1, max_length=1000)
    book: bool = Field(False, description="as the book; pages that are not named stay as they are")


class UploadedPicture(Strict):
    """A picture that the server holds; width and height are 0 of a page that was not looked at yet."""

    id: str
    name: str
    width: int
    height: int
    book: str | None = Field(None, description="id of the book that it is a page of")


class JobPicture(Strict):
    """A picture of a job, and what became of it."""

    id: str
    name: str
    width: int
    height: int
    status: Literal["queued", "running", "done", "kept", "failed", "cancelled"] = Field(
        description="kept: a page of a book that has colour already, and stays as it is"
    )
    samples: int = 0
    files: list[str] = Field([], description="addresses of the samples")
    record: dict[str, Any] | None = Field(None, description="how the first sample was made")
    notes: list[str] = []
    error: str | None = None


class JobBody(Strict):
    """A job: poll it, or read its events."""

    id: str
    status: Literal["queued", "running", "done", "failed", "cancelled"]
    model: str
    weights: str | None
    options: dict[str, Any]
    done: int
    total: int
    kept: int = Field(description="pages that have colour already and stay as they are")
    before: int = Field(description="jobs that were there first and are not finished")
    pictures: list[JobPicture]


class OfferedWeights(Strict):
    """Weights that can be named."""

    name: str
    summary: str
    license: str
    domains: list[str]
    bytes: int | None
    card: str | None = Field(description="address of the card")


class OfferedModel(Strict):
    """A colorizer with its form: a JSON schema of its options."""

    name: str
    summary: str
    distribution: str
    weights: list[OfferedWeights]
    options: dict[str, Any]
    single_answer: dict[str, Any] = Field(description="options of the likeliest colouring")
    deterministic: bool
    domains: list[str]
    takes: list[str] = Field(description="guidance that it follows itself")
    requires: list[str]
    paper: bool


class ModelsBody(Strict):
    """What is installed and offered; unavailable: what cannot be used, and why."""

    models: list[OfferedModel]
    books: list[str] = Field(description="endings of files that are opened page by page")
    suited: dict[str, str] = Field(description="the colorizer for each kind of picture")
    unavailable: dict[str, str]
    limits: dict[str, float]
    version: str


class ProblemBody(Strict):
    """An error as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
