"""Bytes from the Hub: bounded in size, time and speed."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pydantic

from colorzoo.core.errors import HubError
from colorzoo.core.files import parse_model

REDIRECTS, CUTS = 5, 5
"""How often a redirect is followed, and how often a download that was cut goes on where it was."""
MIN_SPEED = 1_000
"""Bytes a second, on average over the patience."""
MAX_ANSWER_BYTES = 8_000_000
"""Most bytes of an answer in JSON."""
ERROR_HEADERS = ("X-Error-Code", "X-Error-Message", "Retry-After")

Answer = TypeVar("Answer", bound=pydantic.BaseModel)


def patience() -> float:
    """Return for how many seconds a slow answer is waited for."""
    from huggingface_hub import constants

    return 3.0 * float(constants.HF_HUB_DOWNLOAD_TIMEOUT)


def ask(path: str, model: type[Answer]) -> Answer:
    """Return what the Hub's API answers at a path.

    Raises:
        HubError: the answer is too large, or not of that model. What the client raises passes.
    """
    from huggingface_hub import constants

    with _Watch() as watch, _answered(f"{constants.ENDPOINT}/api/{path}", watch) as response:
        data = b"".join(_chunks(response, MAX_ANSWER_BYTES, watch))
    return parse_model(
        data, model, constants.ENDPOINT, error=HubError, max_bytes=MAX_ANSWER_BYTES,
        advice="that is no answer of the Hub; is there a login page in between?",
    )  # fmt: skip


class _Watch:
    """Ends the connections of the Hub's client once too few bytes arrive, even between two reads."""

    def __init__(self) -> None:
        self.arrived, self.gave_up, self._done = 0, False, threading.Event()

    def __enter__(self) -> _Watch:
        threading.Thread(target=self._run, daemon=True).start()
        return self

    def __exit__(self, cls: object, error: object, _: object) -> None:
        self._done.set()
        if self.gave_up and isinstance(error, Exception) and not isinstance(error, HubError):
            raise TimeoutError(f"it sent nearly nothing for {patience():g} seconds") from None

    def _run(self) -> None:
        from huggingface_hub import close_session

        while not self._done.wait(patience()):
            if self.arrived < MIN_SPEED * patience():
                self.gave_up = True
                close_session()
                return
            self.arrived = 0


@contextmanager
def _answered(url: str, watch: _Watch, headers: Mapping[str, str] | None = None) -> Iterator[Any]:
    """Open an answer of the Hub, unread; redirects are followed by hand, elsewhere without the token."""
    from huggingface_hub import constants, get_session
    from huggingface_hub.utils import build_hf_headers

    own = build_hf_headers(library_name="colorzoo") | {"Accept-Encoding": "identity"}
    client = get_session()
    request = client.build_request(
        "GET", url, headers=own | dict(headers or {}), timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT
    )
    for _ in range(REDIRECTS):
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            if not response.has_redirect_location:
                _raise_for_status(response)
                watch.arrived += int(MIN_SPEED * patience())  # the time until now is not the body's
                yield response
                return
        finally:
            response.close()
        further = response.next_request
        if further is None or (request.url.scheme == "https" and further.url.scheme != "https"):
            raise HubError(f"{constants.ENDPOINT}: redirects away from https, or nowhere; refused")
        request = further
    raise HubError(f"{constants.ENDPOINT}: redirects more than {REDIRECTS} times, refused")


def _raise_for_status(response: Any) -> None:
    """Raise the Hub's own error; what it says is in these headers, so a body is never read."""
    from huggingface_hub.utils import hf_raise_for_status

    if response.status_code >= 400:
        headers = {name: response.headers[name] for name in ERROR_HEADERS if name in response.headers}
        hf_raise_for_status(type(response)(response.status_code, headers=headers, request=response.request))


def _chunks(response: Any, limit: int, watch: _Watch) -> Iterator[bytes]:
    total = 0
    for chunk in response.iter_raw():
        total += len(chunk)
        watch.arrived += len(chunk)
        if total > limit:
            raise HubError(f"{response.request.url.host}: sends more than the {limit:,} bytes expected")
        yield chunk


def download(url: str, part: Path, size: int, file: str) -> None:
    """Append a file of at most `size` bytes to `part`; go on after a cut while every try brings something.

    file: its name, for the progress bar.

    Raises:
        HubError: it is larger. What the client raises passes.
    """
    for cut in range(CUTS + 1):
        before = part.stat().st_size if part.exists() else 0
        if before > size:
            part.unlink()
            before = 0
        try:
            if before < size or not part.exists():
                _append(url, part, before, size, file)
            return
        except Exception as error:
            grown = part.exists() and part.stat().st_size > before
            if isinstance(error, HubError | OSError) or not grown or cut == CUTS:
                raise


def _append(url: str, part: Path, start: int, size: int, file: str) -> None:
    from huggingface_hub.utils import tqdm

    headers = {"Range": f"bytes={start}-"} if start else {}
    with _Watch() as watch, _answered(url, watch, headers) as response:
        start = start if response.status_code == 206 else 0
        with (
            part.open("ab" if start else "wb") as out,
            tqdm(desc=file, total=size, initial=start, unit="B", unit_scale=True, disable=None) as bar,  # type: ignore[no-untyped-call]
        ):
            for chunk in _chunks(response, size - start, watch):
                out.write(chunk)
                bar.update(len(chunk))
