"""How a crawl behaves: manners, bounds, and what is chosen."""

from __future__ import annotations

from pydantic import Field, field_validator

from colorzoo.core.config import Settings
from colorzoo.core.data.quality import MIN_COLOR_SPREAD

MIB = 1 << 20


class CrawlOptions(Settings):
    """Settings of a crawl; the defaults are polite to a small site."""

    delay: float = Field(1.0, ge=0, description="seconds between two requests to one host")
    jitter: float = Field(0.5, ge=0, description="random share added to every delay")
    tries: int = Field(5, ge=1, description="times an address is asked when the server is busy")
    patience: float = Field(300.0, gt=0, description="most seconds spent waiting for one address")
    backoff: float = Field(2.0, ge=0, description="first pause before trying again, in seconds; doubles")
    timeout: float = Field(20.0, gt=0, description="seconds without a sign of life from the server")
    file_seconds: float = Field(120.0, gt=0, description="most seconds for one file")
    file_bytes: int = Field(32 * MIB, gt=0, description="largest picture, in bytes")
    max_bytes: int = Field(20 << 30, gt=0, description="most bytes in all")
    max_minutes: float | None = Field(None, gt=0, description="most minutes for this run")
    max_pages: int | None = Field(None, ge=1, description="most pictures to fetch in this run")
    chapters: str = Field("", description="which chapters, oldest first: 1-5,8 or 10-")
    min_spread: float = Field(
        MIN_COLOR_SPREAD, ge=0, description="least colour, beyond a tint, of a page to keep"
    )
    refresh: bool = Field(False, description="ask again whether finished chapters and pages have changed")

    @field_validator("chapters")
    @classmethod
    def _readable(cls, text: str) -> str:
        chosen(text, 1)
        return text


def chosen(text: str, count: int) -> list[int]:
    """Return the indices, from 0, that a choice such as `1-5,8,10-` makes among `count`.

    Raises:
        ValueError: it is not such a choice.
    """
    if not text.strip():
        return list(range(count))
    indices: set[int] = set()
    for choice in text.split(","):
        first, dash, last = (piece.strip() for piece in choice.partition("-"))
        if not first.isdigit() or (last and not last.isdigit()) or int(first) < 1:
            raise ValueError(f"{choice.strip()!r} is not a choice of chapters such as 3, 1-5 or 10-")
        end = int(last) if last else count if dash else int(first)
        indices.update(range(int(first) - 1, min(end, count)))
    return sorted(index for index in indices if index < count)
