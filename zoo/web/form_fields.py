"""Requests as forms send them: files beside plain fields, or a whole body as JSON in `request`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import RootModel
from starlette.datastructures import FormData, UploadFile

from colorzoo.core.config import parse_pairs, validate
from colorzoo.core.errors import ConfigError
from colorzoo.core.files import parse_model
from colorzoo.jobs.run_guidance import parse_hint
from colorzoo.web.request_schema import ColorizeBody, GuidanceBody

PICTURE, REFERENCE = "picture", "reference"
TOP = ("model", "weights", "consistent", "recolor")
MOST_JSON = 1_000_000


class _Anything(RootModel[dict[str, Any]]):
    """A JSON object."""


def files_of(form: FormData, name: str) -> list[UploadFile]:
    """Return the files of a form by the name of their field.

    Raises:
        ConfigError: a text is where a file should be.
    """
    values = form.getlist(name)
    if any(isinstance(value, str) for value in values):
        raise ConfigError(f"{name}: a text; expected a file, as curl -F {name}=@photo.jpg sends it")
    return [value for value in values if isinstance(value, UploadFile)]


def body_of(form: FormData, pictures: Sequence[str]) -> ColorizeBody:
    """Return what the fields of a form ask for.

    pictures: ids of those that came with it.

    Raises:
        ConfigError: a field cannot be meant.
    """
    refs = [{"id": one} for one in pictures]
    whole = form.get("request")
    if isinstance(whole, str):
        given = parse_model(
            whole.encode(), _Anything, "request", error=ConfigError, max_bytes=MOST_JSON
        ).root
        return validate(ColorizeBody, {**given, "pictures": refs}, "request")
    values: dict[str, Any] = {"pictures": refs, "options": {}, "guidance": {}}
    for name, value in form.multi_items():
        if isinstance(value, str):
            _put(values, name, value)
    return validate(ColorizeBody, values, "form")


def _put(values: dict[str, Any], name: str, text: str) -> None:
    """Put a field where it belongs: of the request, of guidance, else an option."""
    guidance = values["guidance"]
    if name in TOP:
        values[name] = text
    elif name == "hint":
        guidance.setdefault("hints", []).append(parse_hint(text).model_dump())
    elif name == "palette":
        guidance["palette"] = [one.strip() for one in text.split(",")]
    elif name in GuidanceBody.model_fields:
        guidance[name] = text
    else:
        values["options"] |= parse_pairs([f"{name}={text}"])
