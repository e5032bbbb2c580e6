"""What an answer leads to, read by the rules of a profile: HTML or JSON in, addresses out."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urldefrag, urljoin

from bs4 import BeautifulSoup, Tag
from bs4.exceptions import ParserRejectedMarkup
from requests.exceptions import InvalidURL
from requests.utils import requote_uri

from colorzoo.datasources.manga.crawl_errors import CrawlError
from colorzoo.datasources.manga.http_answer import Answer
from colorzoo.datasources.manga.profiles import Fields, Html, Json

TITLE_CHARS = 200
SLOT = re.compile(r"\{([\w-]+)\}")


class Link(NamedTuple):
    """An address and what it is called."""

    address: str
    title: str = ""


class Document:
    """An HTML page of any quality and encoding.

    Raises:
        CrawlError: the parser gives up on it.
    """

    def __init__(self, answer: Answer) -> None:
        self.url = answer.url
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that it looks like XML or an address: no news here
                self._soup = BeautifulSoup(answer.body, "html.parser", from_encoding=answer.charset)
        except (ParserRejectedMarkup, RecursionError, AssertionError, LookupError, ValueError) as error:
            raise CrawlError(f"{answer.url}: HTML that cannot be read ({type(error).__name__})") from None

    def links(self, rule: Html, values: Mapping[str, str]) -> list[Link]:
        """Return where the elements lead, in order, each address once."""
        links = {}
        for element in self._select(rule.select):
            own = {key: value for key, value in element.attrs.items() if isinstance(value, str)}
            address = _address(rule, own, values, self.url)
            if address is not None and address not in links:
                links[address] = Link(address, _shown(element))
        return list(links.values())

    def following(self, rule: Html, number: int) -> str | None:
        """Return the address of the rest of the list, None at its end; number: of the page to come."""
        if rule.numbered:
            return join(self.url, fill(rule.numbered, {"page": str(number)}))
        onward = rule.model_copy(update={"attributes": ("href",), "build": ""})
        for element in self._select(rule.next) if rule.next else ():
            own = {key: value for key, value in element.attrs.items() if isinstance(value, str)}
            return _address(onward, own, {}, self.url)
        return None

    def text(self, selector: str) -> str:
        """Return the text of the first such element, or nothing."""
        elements = self._select(selector) if selector else []
        return _shown(elements[0]) if elements else ""

    def has(self, selector: str) -> bool:
        """Say whether there is such an element."""
        return bool(selector and self._select(selector))

    def _select(self, selector: str) -> list[Tag]:
        try:
            return list(self._soup.select(selector))
        except RecursionError:
            raise CrawlError(f"{self.url}: HTML nested too deep to be read") from None


def json_links(answer: Answer, rule: Json, values: Mapping[str, str]) -> list[Link]:
    """Return where the items of a JSON answer lead; an empty list where it says there are none.

    Raises:
        CrawlError: it is no JSON, or the path to the items leads nowhere.
    """
    try:
        value: Any = json.loads(answer.body)
    except (ValueError, RecursionError):
        raise CrawlError(f"{answer.url}: not the JSON that was expected") from None
    for key in rule.items.split("."):
        if isinstance(value, Mapping) and key in value:
            value = value[key]
        elif isinstance(value, list | None) and not value:
            return []  # an empty list where an object would be: what PHP makes of "nothing"
        else:
            raise CrawlError(f"{answer.url}: {rule.items!r} matches nothing; the site may have changed")
    links = []
    for item in value if isinstance(value, list) else []:
        own = {key: str(value) for key, value in item.items()} if isinstance(item, dict) else {}
        address = _address(rule, own, values, answer.url)
        if address is not None:
            links.append(Link(address, one_line(own.get("title", ""))))
    return links


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put percent-encoded values into the {slots} of an address."""
    return SLOT.sub(lambda slot: quote(values.get(slot[1], slot[0]), safe="{}"), template)


def join(base: str, address: str) -> str | None:
    """Return the absolute address, percent-encoded, without what follows #; None if it is none."""
    try:
        return requote_uri(urldefrag(urljoin(base, address.strip()))[0]) or None
    except (ValueError, InvalidURL):
        return None


def _address(rule: Fields, own: Mapping[str, str], values: Mapping[str, str], base: str) -> str | None:
    addresses = [own.get(name, "").strip() for name in rule.attributes]
    if rule.build:
        addresses.append(fill(rule.build, {**own, **values}))
    for address in addresses:
        if address and not re.search(rule.skip, address):
            return join(base, address)
    return None


def one_line(text: str) -> str:
    """Return a text as one line, without what a terminal would obey."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())[:TITLE_CHARS]


def _shown(element: Tag) -> str:
    return one_line(element.get_text(" "))
