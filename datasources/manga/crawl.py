"""Crawl an address: from series to chapters to pages in a folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from colorzoo.core.data.quality import assign_verdicts
from colorzoo.core.errors import DataError
from colorzoo.datasources.manga.crawl_errors import CrawlError, LimitError, PassingError, StopError
from colorzoo.datasources.manga.crawl_folder import MEMORY, CrawlFolder, Listing, Page
from colorzoo.datasources.manga.crawl_options import CrawlOptions, chosen
from colorzoo.datasources.manga.crawl_progress import Listener, Summary
from colorzoo.datasources.manga.document import Document, Link
from colorzoo.datasources.manga.http_client import Web
from colorzoo.datasources.manga.network_guard import Guard, Host
from colorzoo.datasources.manga.profiles import find_profiles
from colorzoo.datasources.manga.selection import inspect_image
from colorzoo.datasources.manga.site import Chapter, Location, PaidError, Site, locate
from colorzoo.datasources.manga.site_choice import choose_site

IN_A_ROW = 5
"""Pages that fail one after the other before the crawl gives up: the site has a bad day."""


class Crawl:
    """One crawl of one address into one folder."""

    def __init__(
        self, site: Site, store: CrawlFolder | None, options: CrawlOptions, listener: Listener
    ) -> None:
        self.site, self.store, self.options, self.listener = site, store, options, listener
        self.counts: Counter[str] = Counter()
        self._in_a_row = 0

    def run(self, url: str, first: Document | None = None) -> Summary:
        """Fetch what is missing, then judge all pages of the folder; without a store, only list.

        Raises:
            CrawlError: the address itself leads nowhere, or the folder holds another site's series.
        """
        stopped = limit = ""
        try:
            for series, title, chapters in self._series(url, first):
                self.listener.series(title, len(chapters))
                self._begin(series, title)
                for chapter in chapters:
                    self._chapter(series, chapter)
        except LimitError as error:
            limit = str(error)
        except StopError as error:
            stopped = str(error)
        finally:
            verdicts = self._settle()
        counts = {name: self.counts[name] for name in Summary.model_fields if name in self.counts}
        end = {"verdicts": verdicts, "limit": limit, "stopped": stopped}
        return Summary.model_validate({**counts, **end, "bytes": self.site.web.received})

    def _begin(self, series: Location, title: str) -> None:
        """Note where a series is from; two sites may number theirs alike."""
        if self.store is None:
            return
        before = self.store.lists.records.get(series.key)
        if before and not self.site.is_same(before.address, series.address):
            raise CrawlError(
                f"{self.store.root}: series {series.key} in it is from {before.address}; "
                f"give another folder for {series.address}"
            )
        self.store.lists.add(Listing(key=series.key, address=series.address, title=title))

    def _series(self, url: str, first: Document | None) -> Iterator[tuple[Location, str, list[Location]]]:
        category = self.site.category(url)
        if category == "chapter":
            chapter = locate(self.site.profile.chapter, Link(url))
            yield self.site.series_of(chapter), "", [chapter]
            return
        alone = [locate(self.site.profile.series, Link(url))] if category == "series" else None
        for series in alone or self.site.all_series(url):
            try:
                title, chapters = self.site.chapters(series, first if series.address == url else None)
            except StopError:
                raise
            except CrawlError as error:
                if category == "series":
                    raise
                self._failed(error)
                continue
            selected = [chapters[index] for index in chosen(self.options.chapters, len(chapters))]
            yield series, title or series.title, selected

    def _chapter(self, series: Location, location: Location) -> None:
        key = f"{series.key}/{location.key}"
        self.counts["chapters"] += 1
        listing = self.store.lists.records.get(key) if self.store else None
        if listing and self._is_finished(listing):
            self.counts["unchanged"] += len(listing.items)
            self.listener.chapter(location.title, 0)
            return
        try:
            chapter = self.site.chapter(location)
        except StopError:
            raise
        except CrawlError as error:
            self.counts["paid"] += isinstance(error, PaidError)
            self.listener.chapter(location.title, 0)
            self._failed(error, counts=not isinstance(error, PaidError))
            return
        self.listener.chapter(location.title, len(chapter.pictures))
        self._pictures(series, chapter)
        if self.store:
            items = tuple(chapter.pictures)
            complete = all(self.store.finished(f"{key}/{n:04}") for n in range(1, len(items) + 1))
            listing = Listing(
                key=key, address=location.address, title=location.title, items=items, complete=complete
            )
            self.store.lists.add(listing)

    def _is_finished(self, listing: Listing) -> bool:
        """Say whether a chapter needs no request: all its pages are present and nobody asked to refresh."""
        pages = range(1, len(listing.items) + 1)
        present = self.store and all(self.store.finished(f"{listing.key}/{number:04}") for number in pages)
        return bool(present) and listing.complete and not self.options.refresh

    def _pictures(self, series: Location, chapter: Chapter) -> None:
        for number, address in enumerate(chapter.pictures, start=1):
            page = Page(
                address=address,
                series=series.key,
                chapter=chapter.location.key,
                page=number,
                file=f"{series.key}/{chapter.location.key}/{number:04}",
            )
            if self.store is None:
                self._check_limits()
                self.counts["planned"] += 1
                self.listener.planned(address, page.file)
                continue
            old = self.store.finished(page.key)
            if old and not self.options.refresh:
                self.counts["unchanged"] += 1
                self.listener.page(old)
                continue
            self._check_limits()
            try:
                self.listener.page(self._fetch(page, old, chapter.location.address))
                self._in_a_row = 0
            except StopError:
                raise
            except CrawlError as error:
                self.listener.page(None)
                self._failed(error)

    def _fetch(self, page: Page, old: Page | None, source: str) -> Page:
        """Fetch one picture, unless it has not changed since the last time."""
        store = self.store
        if store is None:
            raise DataError("a dry run stores nothing")
        validators = dict(old.validators) if old and old.address == page.address else {}
        headers = self.site.headers(source) | validators
        answer = self.site.web.get(page.address, self.options.file_bytes, headers)
        if answer.unchanged and old:
            self.counts["unchanged"] += 1
            return old
        try:
            inspected = inspect_image(
                page.model_copy(update={"validators": answer.validators}), answer.body
            )
        except CrawlError as error:
            if answer.body.lstrip()[:1] == b"<":
                self.site.understood(answer, alone=True)  # the CAPTCHA comes in place of pictures, too
            if old is None:
                store.pages.add(page.model_copy(update={"verdict": "broken", "note": str(error)}))
            raise
        self.counts["fetched"] += 1
        return store.put(inspected, answer.body)

    def _check_limits(self) -> None:
        self.site.web.pace.time_left()
        attempted = self.counts["fetched"] + self.counts["planned"]
        if self.options.max_pages is not None and attempted >= self.options.max_pages:
            raise LimitError(f"{self.options.max_pages} pages, as --max-pages asks")

    def _failed(self, error: CrawlError, counts: bool = True) -> None:
        self.listener.problem(str(error))
        self.counts["failed"] += counts
        self._in_a_row += isinstance(error, PassingError)
        if self._in_a_row >= IN_A_ROW:
            raise StopError(f"{IN_A_ROW} in a row could not be had; run the same command again later")

    def _settle(self) -> dict[str, int]:
        if self.store is None:
            return {}
        pages = assign_verdicts(
            sorted(self.store.pages.records.values(), key=lambda page: page.key), self.options.min_spread
        )
        self.store.settle(pages)
        return dict(Counter(page.verdict for page in pages))


def crawl(
    url: str,
    out: Path | None,
    options: CrawlOptions,
    *,
    profile: str = "auto",
    allowed: Sequence[str] = (),
    listener: Listener | None = None,
) -> Summary:
    """Crawl a series, a chapter or a list of series into a folder; without one, list what it would fetch.

    profile: a name, a TOML file, or `auto`. allowed: hosts to trust beside the site's own.

    Raises:
        CrawlError: the address itself leads nowhere.
        ConfigError: the profile is damaged, or there is none of that name.
        DataError: the folder is damaged, or another process is at work in it.
    """
    listener = listener or Listener()
    candidates = find_profiles(profile)
    web = Web(Guard([Host.of(url)], [Host.parse(text) for text in allowed]), options)
    try:
        if profile == "auto":
            site, first = choose_site(url, candidates, web, listener)
        else:
            site, first = Site(candidates[0], web), None
        if profile != "auto" or site.profile.is_for(Host.of(url).name):
            web.guard.allow(site.profile.allowed())  # one that merely fits says nothing about its hosts
        if out is None:
            return Crawl(site, None, options, listener).run(url, first)
        with CrawlFolder.opened(out) as store:
            web.memory = out / MEMORY
            return Crawl(site, store, options, listener).run(url, first)
    finally:
        web.close()
