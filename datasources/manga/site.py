"""A site read through its profile: catalogue pages to series, series to chapters, chapters to pictures."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from colorzoo.datasources.manga.crawl_errors import CrawlError, StopError
from colorzoo.datasources.manga.document import Document, Link, fill, join, json_links
from colorzoo.datasources.manga.http_answer import Answer
from colorzoo.datasources.manga.http_client import Web
from colorzoo.datasources.manga.profiles import Html, Json, Profile, Step

PAGE_BYTES = 2 << 20
NUMBER = re.compile(r"[0-9]{1,12}")
MAX_LIST_PAGES = 500
"""Pages of one list that are followed; a site may link them in a circle."""


class PaidError(CrawlError):
    """A chapter costs money; it is left alone."""


@dataclass(frozen=True)
class Location:
    """A series or chapter: its address, its name in file names, what the site calls it.

    key is made of digits from the address, or of its hash: never of the site's words.
    """

    address: str
    key: str
    title: str = ""


@dataclass(frozen=True)
class Chapter:
    """The addresses of a chapter's pictures, in order."""

    location: Location
    pictures: Sequence[str]


class Site:
    """The pages of a site, asked one after the other."""

    def __init__(self, profile: Profile, web: Web) -> None:
        self.profile, self.web = profile, web

    def category(self, url: str) -> str:
        """Say what an address is of: `series`, `chapter`, or `catalog` for all others."""
        path = urlsplit(url).path
        steps = {"series": self.profile.series, "chapter": self.profile.chapter}
        return next((name for name, step in steps.items() if re.search(step.address, path)), "catalog")

    def all_series(self, url: str) -> Iterator[Location]:
        """Yield the series that a catalogue page lists, page after page.

        Raises:
            CrawlError: the profile knows no lists, or a page cannot be fetched.
        """
        rule = self.profile.catalog
        if rule is None:
            raise CrawlError(f"{url}: not a series or chapter, and {self.profile.name} knows no lists")
        for link in self._listed(url, rule, {}):
            if self.category(link.address) == "series":
                yield locate(self.profile.series, link)

    def chapters(self, series: Location, document: Document | None = None) -> tuple[str, list[Location]]:
        """Return the series' title and its chapters, oldest first.

        Raises:
            CrawlError: none are found.
        """
        step = self.profile.series
        document = document or self.document(series.address)
        links = self._lead(step, series.address, document)
        located = [locate(self.profile.chapter, link) for link in links if self._is_chapter(link)]
        if not located:
            raise CrawlError(nothing(series.address, self.profile, step))
        return document.text(step.title), list({each.address: each for each in located}.values())

    def chapter(self, chapter: Location) -> Chapter:
        """Return a chapter's pictures.

        Raises:
            PaidError: it costs money.
            CrawlError: none are found.
        """
        step = self.profile.chapter
        document = self.document(chapter.address)
        links = self._lead(step, chapter.address, document)
        if not links and (document.has(self.profile.paid) or step.json_answer):
            raise PaidError(f"{chapter.address}: paid, or not offered; left alone")
        if not links:
            raise CrawlError(nothing(chapter.address, self.profile, step))
        return Chapter(chapter, [self._cleaned(link.address) for link in links])

    def document(self, url: str) -> Document:
        """Return a page of the site.

        Raises:
            StopError: it asks for a CAPTCHA.
            CrawlError: it cannot be fetched or read.
        """
        return self.understood(self.web.page(url, PAGE_BYTES, self.headers(url)))

    def understood(self, answer: Answer, alone: bool = False) -> Document:
        """Return the page of an answer.

        alone: nothing else was found on it.

        Raises:
            StopError: it asks for proof of being human.
        """
        document = Document(answer)
        self._refuse_captcha(document, self.profile.captcha)
        if alone:
            self._refuse_captcha(document, self.profile.captcha_alone)
        return document

    def _refuse_captcha(self, document: Document, selector: str) -> None:
        if document.has(selector):
            raise StopError(
                f"{document.url}: the site asks for a CAPTCHA, it was read too fast; wait, then run the "
                f"same command with a longer delay, such as --delay {max(5, 3 * self.web.options.delay):g}"
            )

    def headers(self, page: str) -> dict[str, str]:
        """Return the headers for what `page` led to."""
        return {name: value.replace("{page}", page) for name, value in self.profile.headers.items()}

    def series_of(self, chapter: Location) -> Location:
        """Return the series that a chapter's address names, else the chapter as a series of its own."""
        key = _groups(self.profile.chapter, chapter.address).get("series", "")
        root = join(chapter.address, "/") or chapter.address
        return Location(root, key if NUMBER.fullmatch(key) else chapter.key)

    def is_same(self, one: str, other: str) -> bool:
        """Say whether two addresses are of the same site."""
        hosts = [urlsplit(address).hostname or "" for address in (one, other)]
        return urlsplit(one).netloc == urlsplit(other).netloc or all(map(self.profile.is_for, hosts))

    def finds(self, url: str, document: Document) -> int:
        """Count what the profile finds on a page it may not be written for."""
        steps = {"series": self.profile.series.html, "chapter": self.profile.chapter.html}
        rule = steps.get(self.category(url), self.profile.catalog)
        return len(document.links(rule, {})) if rule else 0

    def _lead(self, step: Step, url: str, document: Document) -> list[Link]:
        """Return where a page leads; where it shows nothing itself, what its JSON address lists."""
        values = _groups(step, url)
        links: list[Link] = []
        rule: Html | None = step.html
        if rule:
            links = list(self._listed(url, rule, values, document))
        if not links and not document.has(self.profile.paid):
            self._refuse_captcha(document, self.profile.captcha_alone)
        backwards = bool(rule and rule.newest_first)
        if not links and step.json_answer and not document.has(self.profile.paid):
            links = self._answered(step.json_answer, step, url, values)
            backwards = step.json_answer.newest_first
        return links[::-1] if backwards else links

    def _answered(self, rule: Json, step: Step, url: str, values: Mapping[str, str]) -> list[Link]:
        try:
            answer = self.web.page(fill(rule.url, values), PAGE_BYTES, self.headers(url))
            if answer.body.lstrip()[:1] == b"<":
                self.understood(answer, alone=True)
            return json_links(answer, rule, values)
        except StopError:
            raise
        except CrawlError as error:
            raise CrawlError(f"{nothing(url, self.profile, step)} ({error})") from None

    def _listed(
        self, url: str, rule: Html, values: Mapping[str, str], first: Document | None = None
    ) -> Iterator[Link]:
        """Yield the links of a list, over all pages of it, each once."""
        seen: set[str] = set()
        requested, document = {url}, first or self.document(url)
        for number in range(2, MAX_LIST_PAGES + 2):
            fresh = [link for link in document.links(rule, values) if link.address not in seen]
            yield from fresh
            seen |= {link.address for link in fresh}
            onward = document.following(rule, number)
            if not fresh or onward is None or onward in requested or not self._is_part(url, onward):
                return
            requested.add(onward)
            document = self.document(onward)

    def _is_part(self, url: str, onward: str) -> bool:
        """Say whether an address goes on with this page, rather than with the next chapter."""
        category = self.category(url)
        if category == "catalog":
            return True
        step = self.profile.series if category == "series" else self.profile.chapter
        return _groups(step, url) == _groups(step, onward)

    def _is_chapter(self, link: Link) -> bool:
        return bool(re.search(self.profile.chapter.address, urlsplit(link.address).path))

    def _cleaned(self, address: str) -> str:
        for pattern, replacement in self.profile.clean:
            try:
                address = re.sub(pattern, replacement, address)
            except (re.error, IndexError) as error:
                raise StopError(f"profile {self.profile.name}: clean {pattern!r}: {error}") from None
        return join(address, "") or address


def locate(step: Step, link: Link) -> Location:
    """Name a series or chapter by the last group of its address, if that is a number."""
    groups = _groups(step, link.address)
    key = list(groups.values())[-1] if groups else ""
    if not NUMBER.fullmatch(key):
        key = hashlib.sha256(link.address.encode()).hexdigest()[:12]
    return Location(link.address, key, link.title)


def nothing(url: str, profile: Profile, step: Step) -> str:
    """Say that a page led nowhere, and which selector found nothing."""
    rules = [repr(step.html.select)] if step.html else []
    rules += [f"{step.json_answer.items!r} of {step.json_answer.url}"] if step.json_answer else []
    return (
        f"{url}: {' and '.join(rules)} of profile {profile.name} matches nothing; the site may have "
        "changed, mend a copy of the profile and give it with --profile FILE.toml"
    )


def _groups(step: Step, url: str) -> dict[str, str]:
    """Return the named groups of an address, outermost first."""
    match = re.search(step.address, urlsplit(url).path)
    return {name: value or "" for name, value in match.groupdict().items()} if match else {}
