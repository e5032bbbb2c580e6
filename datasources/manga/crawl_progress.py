"""What a crawl says of itself: while it goes on, and at its end."""

from __future__ import annotations

from colorzoo.core.config import Strict
from colorzoo.datasources.manga.crawl_folder import Page


class Listener:
    """Base of what follows a crawl; a subclass overrides what it wants to know."""

    def profile(self, name: str, reason: str) -> None:
        """Tell which profile is used, and the reason."""

    def series(self, title: str, chapters: int) -> None:
        """Tell that a series begins, of so many chapters."""

    def chapter(self, title: str, pages: int) -> None:
        """Tell that a chapter begins, of so many pages; 0 for one that is left alone or finished."""

    def page(self, page: Page | None) -> None:
        """Tell that a page is stored; None if it could not be fetched."""

    def planned(self, address: str, file: str) -> None:
        """Tell what a dry run would fetch."""

    def problem(self, message: str) -> None:
        """Tell what could not be fetched, and the reason."""


class Summary(Strict):
    """What a crawl did, and what the folder holds now."""

    chapters: int = 0
    paid: int = 0
    planned: int = 0
    fetched: int = 0
    unchanged: int = 0
    failed: int = 0
    bytes: int = 0
    verdicts: dict[str, int] = {}
    limit: str = ""
    stopped: str = ""
