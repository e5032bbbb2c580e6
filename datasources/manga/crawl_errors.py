"""What can go wrong in a crawl: one page, one chapter, or all of it."""

from __future__ import annotations

from colorzoo.core.errors import DataError


class CrawlError(DataError):
    """Something could not be fetched or understood; the crawl goes on with the next."""


class RefusedError(CrawlError):
    """An address that must not be fetched: another host, inside the network, robots.txt, too large."""


class PassingError(CrawlError):
    """A failure that may pass: a busy server, a dropped line. `wait`: seconds the server asks for."""

    def __init__(self, message: str, wait: float = 0) -> None:
        super().__init__(message)
        self.wait = wait


class StopError(CrawlError):
    """The crawl ends here: a CAPTCHA, a site that asks for a long pause, a limit reached."""


class LimitError(StopError):
    """The crawl ends here because the user wanted no more."""
