"""What browser extensions of readers post: the endpoint of BinitDOX/Manga-Colorizer, as it sends it."""

from __future__ import annotations

import base64
from io import BytesIO
from typing import Any

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field

from colorzoo.core.errors import ConfigError
from colorzoo.web.dispatcher import SOON
from colorzoo.web.request_pictures import State, decoded
from colorzoo.web.request_schema import ColorizeBody, GuideBody, PictureRef

router = APIRouter()


class ReaderBody(BaseModel):
    """A page of a reader; sizes, denoising and upscaling that the extension names are not done here."""

    model_config = ConfigDict(extra="ignore")

    imgName: str = Field("page", max_length=1000)
    imgData: str | None = Field(None, description="a data URL")
    imgURL: str | None = Field(None, max_length=10_000)
    colorize: bool = True
    mangaTitle: str = ""
    mangaChapter: str = ""


@router.post("/colorize-image-data")
async def colorize_image_data(body: ReaderBody, server: State) -> dict[str, Any]:
    """Colour a page that an extension took from a reader."""
    if not body.imgData:
        raise ConfigError("imgURL is not fetched: this server asks no others; send imgData")
    if not body.colorize:
        return {"msg": "nothing to do: colorize is off", "colorImgData": body.imgData}
    upload = await run_in_threadpool(server.uploads.add, body.imgName, BytesIO(decoded(body.imgData)))
    asked = ColorizeBody(pictures=[PictureRef(id=upload.id)])
    try:
        job = await server.jobs.prepared(asked, [upload], ())
        with server.jobs.direct_request():
            data = await server.jobs.rendered(job, GuideBody(job=job.id, format="png"), priority=SOON)
    finally:
        server.uploads.forget([upload])
    return {"colorImgData": f"data:image/png;base64,{base64.b64encode(data).decode()}"}
