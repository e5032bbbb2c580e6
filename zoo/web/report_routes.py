"""The report of a comparison, and its blind test."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from colorzoo.core.config import Settings
from colorzoo.web.blind_test import BlindTest, Choice, WinRate
from colorzoo.web.page_routes import static_file
from colorzoo.web.request_pictures import State

REPORT_POLICY = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""Beside the report's own policy, which allows what its hashes name."""
router = APIRouter(include_in_schema=False)


class AnswerBody(Settings):
    """What somebody chose."""

    question: str
    choice: Choice


def blind_test(server: State) -> BlindTest:
    """Return the blind test of the report that is open."""
    if server.blind is None:
        raise HTTPException(404, "no report is open; `colorzoo report open FOLDER` opens one")
    return server.blind


Blind = Annotated[BlindTest, Depends(blind_test)]


@router.get("/report")
async def report(server: State) -> Response:
    """Give the report."""
    path = server.report / "report.html" if server.report else None
    if path is None or not path.is_file():
        raise HTTPException(404, "no report is open; `colorzoo report open FOLDER` opens one")
    return FileResponse(path, headers={"Content-Security-Policy": REPORT_POLICY})


@router.get("/blind")
async def blind(request: Request) -> Response:
    """Give the page of the blind test."""
    return static_file("blind.html", request)


@router.post("/v1/blind/question")
async def question(test: Blind) -> dict[str, Any]:
    """Ask: two pictures without names."""
    return {"question": test.ask(), "answers": len(test.journal.records)}


@router.get("/v1/blind/{key}/{side}")
async def picture(key: str, side: Literal["left", "right", "gray"], test: Blind) -> Response:
    """Give a picture of a question."""
    return FileResponse(test.picture(key, side), media_type="image/jpeg", headers={"ETag": '"-"'})


@router.post("/v1/blind/answer")
async def answer(body: AnswerBody, test: Blind) -> dict[str, str]:
    """Keep an answer, and say what was what."""
    asked = test.answer(body.question, body.choice)
    return {"left": asked.left, "right": asked.right}


@router.get("/v1/blind/rates")
async def rates(test: Blind) -> list[WinRate]:
    """Tell the win rates so far."""
    return test.rates()
