"""The pace of a crawl: pauses between requests to one host, new tries after a failure, an end in time."""

from __future__ import annotations

import math
import random
import time

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
)
from tenacity.wait import wait_exponential_jitter

from colorzoo.datasources.manga.crawl_errors import LimitError, PassingError, StopError
from colorzoo.datasources.manga.crawl_options import CrawlOptions

MAX_DELAY_SECONDS = 60.0
"""Longest pause between two requests, in seconds, that a site can bring about by saying it is busy."""


class Pace:
    """Waits between requests, for each host on its own, and ends when the user's time is over."""

    def __init__(self, options: CrawlOptions) -> None:
        self.options = options
        minutes = options.max_minutes
        self._end = time.monotonic() + 60 * minutes if minutes is not None else math.inf
        self._last: dict[str, float] = {}
        self._slower: dict[str, float] = {}

    def retrying(self) -> Retrying:
        """Return what calls a function again after a PassingError, as often and as long as the options say.

        What it calls raises StopError when the site asks for a longer pause than the user's patience,
        LimitError when the user's time is over.
        """
        return Retrying(
            retry=retry_if_exception_type(PassingError),
            stop=stop_after_attempt(self.options.tries) | stop_before_delay(self.options.patience),
            wait=self._wait,
            sleep=self._sleep,
            reraise=True,
        )

    def time_left(self) -> float:
        """Return the seconds left of what the user gives.

        Raises:
            LimitError: they are over.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise LimitError(f"{self.options.max_minutes:g} minutes are over, as --max-minutes asks")
        return left

    def pause(self, origin: str, requested: float = 0) -> None:
        """Wait until a host may be asked again.

        requested: seconds between two requests that the host asks for, at most a minute of them.

        Raises:
            LimitError: the user's time is over.
        """
        least = max(self.options.delay, min(requested, MAX_DELAY_SECONDS), self._slower.get(origin, 0))
        delay = least * random.uniform(1, 1 + self.options.jitter)
        rest = self._last.get(origin, -delay) + delay - time.monotonic()
        if rest > 0:
            self._sleep(rest)
        self._last[origin] = time.monotonic()

    def slow_down(self, origin: str) -> None:
        """Double the pauses of a host that says it is busy, up to a minute."""
        current = max(self._slower.get(origin, 0), self.options.delay)
        self._slower[origin] = min(2 * current, MAX_DELAY_SECONDS)

    def _sleep(self, seconds: float) -> None:
        time.sleep(min(seconds, self.time_left()))
        self.time_left()

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        requested = error.wait if isinstance(error, PassingError) else 0
        if requested > self.options.patience:
            raise StopError(
                f"{error}; the site asks to wait {requested:.0f} seconds. Run the same command again "
                "after that: it goes on where it is, and a longer --delay keeps the site content"
            )
        backoff = wait_exponential_jitter(multiplier=self.options.backoff, max=MAX_DELAY_SECONDS)
        return max(requested, backoff(state))
