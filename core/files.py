"""Reading files that others may have written, damaged or replaced: one guarded reader for all."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import TypeVar

import pydantic

from colorzoo.core.errors import ColorzooError, DataError

MAX_JSON_BYTES = 64_000_000
"""Largest file of JSON that is parsed, in bytes, unless its reader sets another bound."""
MAX_MESSAGE = 300
"""Longest foreign text shown in a message, in characters."""

Model = TypeVar("Model", bound=pydantic.BaseModel)


def read_model(
    path: Path,
    model: type[Model],
    *,
    error: type[ColorzooError] = DataError,
    max_bytes: int = MAX_JSON_BYTES,
    advice: str = "",
) -> Model:
    """Return the content of a JSON file as a model.

    advice: what to do about a damaged file, the last clause of the message.

    Raises:
        error: the file is absent, too large, nested too deeply, not JSON or not what the model says;
            one line that names the file.
    """
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as problem:
        raise error(f"{path}: {problem.strerror or problem}{advice and f'; {advice}'}") from None
    return parse_model(data, model, str(path), error=error, max_bytes=max_bytes, advice=advice)


def parse_model(
    data: bytes,
    model: type[Model],
    name: str,
    *,
    error: type[ColorzooError] = DataError,
    max_bytes: int = MAX_JSON_BYTES,
    advice: str = "",
) -> Model:
    """Return JSON text as a model; `name` is what messages call it, the rest as in `read_model`."""
    ending = f"; {advice}" if advice else ""
    if len(data) > max_bytes:
        raise error(f"{name}: larger than {max_bytes:,} bytes, not read{ending}")
    try:
        return model.model_validate_json(data)  # its parser bounds the depth and refuses lone surrogates
    except pydantic.ValidationError as problem:
        raise error(f"{name}: damaged ({first_problem(problem)}){ending}") from None


def first_problem(error: pydantic.ValidationError) -> str:
    """Say the first of a validation's problems in one clause, and how many there are."""
    first, *others = error.errors(include_url=False, include_input=False)
    where = ".".join(str(part) for part in first["loc"])
    text = printable(f"{where}: {first['msg']}" if where else first["msg"])
    return f"{text}, and {len(others)} more" if others else text


def printable(text: str, limit: int = MAX_MESSAGE) -> str:
    """Return foreign text fit for a terminal: one line, no control characters, at most `limit` characters.

    Whitespace is folded; other control, format, surrogate and private characters become U+FFFD, since an
    escape sequence moves the cursor and a bidirectional override reorders what is read.
    """
    folded = " ".join(text[: 4 * limit].split())
    safe = "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(c)[0] == "C" else c for c in folded)
    return safe if len(safe) <= limit and len(text) <= 4 * limit else safe[: limit - 3] + "..."
