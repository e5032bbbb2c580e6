"""Colour pictures by a server that runs `colorzoo serve`, by the same call as here."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any, overload

import numpy as np
import requests
from PIL import Image

from colorzoo.core.config import validate
from colorzoo.core.errors import ColorzooError, ConfigError, ImageError, StoppedError, printable
from colorzoo.core.imaging.colored import ColoredPicture, ColoringRecord, PictureList
from colorzoo.core.imaging.conversion import to_picture, to_pictures
from colorzoo.core.imaging.image_io import Picture, encode, read
from colorzoo.core.interfaces.guidance import Guidance
from colorzoo.jobs.in_memory import Stop

if TYPE_CHECKING:
    from torch import Tensor

    from colorzoo.core.imaging.conversion import PictureLike

__all__ = ["Client", "ServerError", "colorize"]
ADDRESS = "http://127.0.0.1:8000"
BY_FIELD = frozenset({"references", "previous", "extras", "id"})
"""What of guidance travels beside the JSON, or not at all."""


class ServerError(ColorzooError):
    """A server cannot be reached, or could not do what it was asked for; the message is its own."""


class Client:
    """A server, by its address; several threads may use one at once.

    url: as `colorzoo serve` prints it; COLORZOO_SERVER by default, else this machine's. token: as it was
    started with, COLORZOO_TOKEN by default. seconds: that an answer may take.
    """

    def __init__(self, url: str | None = None, token: str | None = None, *, seconds: float = 300) -> None:
        address = url or os.environ.get("COLORZOO_SERVER") or ADDRESS
        self.url, _, fragment = address.partition("#")
        self.url = self.url.rstrip("/")
        self.token = token or fragment.removeprefix("token=") or os.environ.get("COLORZOO_TOKEN")
        self.seconds = seconds

    def models(self) -> list[dict[str, Any]]:
        """Return what the server offers: names, weights, and the JSON schema of the options.

        Raises:
            ServerError: it cannot be asked.
        """
        offered: list[dict[str, Any]] = self._ask("GET", "v1/models").json()["models"]
        return offered

    @overload
    def colorize(
        self, picture: PictureLike, model: str | None = ..., *, weights: str | None = ...,
        guidance: Guidance | None = ..., stop: Stop | None = ..., **options: object,
    ) -> PictureList[ColoredPicture]: ...  # fmt: skip

    @overload
    def colorize(
        self, picture: list[Any] | tuple[Any, ...], model: str | None = ..., *, weights: str | None = ...,
        guidance: Guidance | Sequence[Guidance] | None = ..., stop: Stop | None = ..., **options: object,
    ) -> PictureList[PictureList[ColoredPicture]]: ...  # fmt: skip

    def colorize(
        self,
        picture: PictureLike | list[Any] | tuple[Any, ...],
        model: str | None = "vae-mdn",
        *,
        weights: str | None = None,
        guidance: Guidance | Sequence[Guidance] | None = None,
        stop: Stop | None = None,
        **options: object,
    ) -> PictureList[Any]:
        """Colour a picture or a list of pictures, as `colorzoo.colorize` does and with the same result.

        model: a name that the server offers; None for what suits the picture. stop: asked whenever the
        server tells of progress; True ends the job.

        Raises:
            ImageError, ConfigError: a picture, the guidance or an option is wrong.
            ServerError: the server cannot be reached, or failed.
            StoppedError: `stop` returned True.
        """
        options = {"samples": 1, **options}
        if not isinstance(picture, list | tuple):
            if isinstance(guidance, Sequence):
                raise ConfigError("got several guidances for one picture, expected one")
            return self._one(to_picture(picture), model, weights, guidance, stop, options)
        pictures = to_pictures(picture)
        told = list(guidance) if isinstance(guidance, Sequence) else [guidance] * len(pictures)
        if len(told) != len(pictures):
            raise ConfigError(
                f"got guidance for {len(told)} pictures, expected one for each of {len(pictures)}"
            )
        return PictureList(
            self._one(one, model, weights, said, stop, options)
            for one, said in zip(pictures, told, strict=True)
        )

    def _one(
        self,
        picture: Picture,
        model: str | None,
        weights: str | None,
        guidance: Guidance | None,
        stop: Stop | None,
        options: Mapping[str, object],
    ) -> PictureList[ColoredPicture]:
        said = (guidance or Guidance()).model_dump(
            mode="json", exclude_defaults=True, exclude=set(BY_FIELD)
        )
        seed = {"seed": said.pop("seed")} if "seed" in said else {}
        request = {"model": model, "weights": weights, "options": {**options, **seed}, "guidance": said}
        files = [("picture", ("picture.png", encode(picture, ".png"))), ("request", (None, _json(request)))]
        files += [
            ("reference", (f"{number}.png", _png(one)))
            for number, one in enumerate(guidance.references if guidance else ())
        ]
        job = self._finished(self._ask("POST", "v1/colorize", files=files).json()["id"], stop)
        (page,) = job["pictures"]
        if page["error"]:
            raise ServerError(printable(page["error"]))
        record = validate(ColoringRecord, page["record"], "the record of the server")
        return PictureList(
            ColoredPicture.of(
                self._picture(f"{file}?format=png"), record.model_copy(update={"sample": number})
            )
            for number, file in enumerate(page["files"])
        )

    def _finished(self, job: str, stop: Stop | None) -> dict[str, Any]:
        """Wait for a job; end it where it is to stop, or where this call is interrupted."""
        try:
            with self._ask("GET", f"v1/jobs/{job}/events", stream=True) as events:
                for line in events.iter_lines(chunk_size=1):
                    if stop is not None and stop():
                        raise StoppedError("stopped, as was asked for")
                    if line.startswith(b"data: "):
                        state: dict[str, Any] = json.loads(line[6:])
        except requests.RequestException as error:
            raise ServerError(f"{self.url}: {printable(str(error))}") from None
        except BaseException:
            self._ask("DELETE", f"v1/jobs/{job}")
            raise
        if state["status"] == "cancelled":
            raise StoppedError("the job was ended at the server")
        return state

    def _picture(self, path: str) -> Picture:
        return read(BytesIO(self._ask("GET", path).content), name="the server's answer")

    def _ask(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            answer = requests.request(
                method, f"{self.url}/{path}", headers=headers, timeout=self.seconds, **more
            )
        except requests.RequestException as error:
            reason = "does not answer" if isinstance(error, requests.ConnectionError) else str(error)
            raise ServerError(f"{self.url}: {printable(reason)}; start it with `colorzoo serve`") from None
        if not answer.ok:
            raise _error(answer)
        return answer


def colorize(
    picture: PictureLike | list[Any] | tuple[Any, ...],
    model: str | None = "vae-mdn",
    *,
    url: str | None = None,
    token: str | None = None,
    **more: Any,
) -> PictureList[Any]:
    """Colour pictures by the server at an address: `Client(url, token).colorize`."""
    return Client(url, token).colorize(picture, model, **more)


def _error(answer: requests.Response) -> ColorzooError:
    """Return the error that a problem of the server is here."""
    try:
        problem = dict(answer.json())
    except ValueError:
        problem = {}
    kinds = {"ImageError": ImageError, "ConfigError": ConfigError}
    kind = kinds.get(str(problem.get("type", "")).rpartition(":")[2], ServerError)
    return kind(printable(str(problem.get("detail") or f"the server answered {answer.status_code}")))


def _json(value: object) -> str:
    try:
        return json.dumps(value)
    except TypeError as error:
        raise ConfigError(f"options: {error}; expected what JSON can hold") from None


def _png(tensor: Tensor) -> bytes:
    """Return a reference, sRGB (3, H, W) in [0, 1], as a file."""
    buffer = BytesIO()
    levels = (tensor.detach().cpu().float().permute(1, 2, 0).numpy() * 255).round().astype(np.uint8)
    Image.fromarray(levels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
