"""A picture, a prompt and a seed as the body of a request, and a picture out of an answer."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from colorzoo.core import ImageError, Picture
from colorzoo.core.errors import printable
from colorzoo.core.imaging.image_io import read
from colorzoo_hf.config import HttpConfig
from colorzoo_hf.exchange import Answer, EndpointError, Question

MAX_PIXELS = 64_000_000
PROPORTIONS = 0.1
"""By how much the proportions of an answer may differ: models round sides to multiples."""


def question_of(config: HttpConfig, png: bytes, prompt: str, seed: int, token: str) -> Question:
    """Return what is sent to have a picture coloured."""
    fields = dict(config.fields)
    fields |= {config.prompt_field: prompt} if config.prompt_field else {}
    fields |= {config.seed_field: seed} if config.seed_field else {}
    if config.send == "png":
        url = f"{config.url}{'&' if '?' in config.url else '?'}{urlencode(fields)}"
        return Question(url if fields else config.url, "POST", png, "image/png", token)
    if config.send == "form":
        return Question(config.url, "POST", *_form(config.picture_field, png, fields), token)
    tree: dict[str, Any] = {}
    for name, value in {**fields, config.picture_field: base64.b64encode(png).decode()}.items():
        _put(tree, name.split("."), value)
    return Question(config.url, "POST", json.dumps(tree).encode(), "application/json", token)


def picture_in(config: HttpConfig, answer: Answer, size: tuple[int, int]) -> Picture:
    """Return the picture of an answer; size: (height, width) of what was sent.

    Raises:
        EndpointError: there is none, or one of other proportions.
    """
    data = _found(answer, config.answer) if config.answer else answer.body
    try:
        picture = read(BytesIO(data), name="its answer", max_pixels=MAX_PIXELS)
    except ImageError as error:
        media = printable(answer.content_type, 60)
        raise EndpointError(f"{config.url}: answers with {media}, expected a picture: {error}") from None
    (height, width), (rows, columns) = size, picture.size
    if not 1 - PROPORTIONS < height * columns / (width * rows) < 1 + PROPORTIONS:
        raise EndpointError(
            f"{config.url}: answers with {columns}x{rows} pixels to {width}x{height}; expected the same "
            "proportions, at any size"
        )
    return picture


def _form(name: str, png: bytes, fields: dict[str, Any]) -> tuple[bytes, str]:
    boundary = secrets.token_hex(16)
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
             for key, value in fields.items()]  # fmt: skip
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="gray.png"\r\n'
    parts += [head.encode(), b"Content-Type: image/png\r\n\r\n", png, f"\r\n--{boundary}--\r\n".encode()]
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"


def _put(tree: Any, path: list[str], value: object) -> None:
    """Set a value in nested objects; a number in the path is a place in a list."""
    for step, following in zip(path, [*path[1:], None], strict=True):
        inner: object = value if following is None else [] if following.isdecimal() else {}
        if isinstance(tree, list):
            tree.append(inner)
            tree = tree[-1]
        else:
            tree = tree.setdefault(step, inner)


def _found(answer: Answer, name: str) -> bytes:
    """Return the base64 picture at a dotted name of a JSON answer; a data: address is one too."""
    try:
        value = json.loads(answer.body)
        for step in name.split("."):
            value = value[int(step)] if isinstance(value, list) else value[step]
        return base64.b64decode(value.rpartition(",")[2], validate=True)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, binascii.Error):
        raise EndpointError(
            f"the answer has no picture in base64 at {name!r}, got {printable(answer.content_type, 60)}"
        ) from None
